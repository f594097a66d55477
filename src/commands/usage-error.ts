/** Words on the command line that mean nothing: exit code 2, and the command's help after the message. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
