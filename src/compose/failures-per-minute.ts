/** How many refused credentials one address may send in a minute, at any endpoint, before it has to wait. */

/** A person who mistypes notices long before; a guesser of 256 bits never gets anywhere anyway. */
export const FAILURES_PER_MINUTE = 600;
