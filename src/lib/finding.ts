/** What a look at one thing of an installation showed: for `doctor`, and as one line for the log. */
export interface Finding {
  /** What was looked at, in a few words. */
  readonly check: string;
  readonly result: 'ok' | 'warning' | 'failed';
  readonly found: string;
  /** What to do, in one sentence; empty when all is well. */
  readonly remedy: string;
}

export const ok = (check: string, found: string): Finding => ({ check, result: 'ok', found, remedy: '' });

/** It works, and something is weaker than it should be, or could not be seen. */
export const warning = (check: string, found: string, remedy: string): Finding => ({
  check,
  result: 'warning',
  found,
  remedy,
});

/** It does not work, or it loses something. */
export const failed = (check: string, found: string, remedy: string): Finding => ({
  check,
  result: 'failed',
  found,
  remedy,
});

export function asLine({ found, remedy }: Finding): string {
  return `${found}: ${remedy}`;
}
