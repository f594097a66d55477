/** The one shape in which randomness is passed into the domain; `node:crypto`'s `randomBytes` fits it. */
export type RandomBytes = (bytes: number) => Uint8Array;
