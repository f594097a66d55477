/** An error as a finding: what happened in its first sentence, what to do in the others. */
import type { Finding } from '../../lib/finding.ts';

export function inWords(result: (found: string, remedy: string) => Finding, error: unknown, remedy: string) {
  const message = error instanceof Error ? error.message : 'unknown error';
  const [, found = message, advice = ''] = /^(.+?[^.])\. (.+)$/s.exec(message) ?? [];
  return result(found, advice === '' ? remedy : advice);
}
