/**
 * Tells keys that were generated from keys that were typed (S-TEN-09). It can't measure entropy; it
 * refuses what is surely not random: words from examples, and few different characters.
 */

const WORDS =
  /change(?:me|it)|replaceme|passw[o0]rd|passwd|insecure|default|example|qwerty|secret|apikey|token|admin|your|here|key|0?123456(?:7(?:890?)?)?/g;
const REMAINING_CHARACTERS = 8;
const DIFFERENT_CHARACTERS = 5;

/** Whether `key` is a default or an example: hardly anything is left of it without such words. */
export function isWellKnownKey(key: string): boolean {
  const remaining = key.toLowerCase().replace(/[-_.]/g, '').replace(WORDS, '');
  return remaining.length < REMAINING_CHARACTERS || new Set(key).size < DIFFERENT_CHARACTERS;
}
