/** Words on the command line that mean nothing: exit code 2, and the command's help after the message. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Refuses words beyond the first `count`: what is not understood must not be passed over. */
export function atMost(count: number, words: readonly string[]): void {
  const [extra] = words.slice(count);
  if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`);
}
