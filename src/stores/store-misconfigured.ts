/**
 * The store can't be used as it is set up, and no waiting will change that: a file that is not ours, a
 * schema from the future, a malformed URL. Thrown at start only. The message is for the operator and says
 * what to do; it never holds a password.
 */
export class StoreMisconfigured extends Error {
  override readonly name = 'StoreMisconfigured';
}
