/** Bounded, printable text: the rule for every name and label that we keep and that people will read. */
import { z } from 'zod';

/**
 * Refused: C0 and C1 controls (log and header injection), line and paragraph separators, and the
 * bidirectional overrides that make one name look like another (CVE-2021-42574). Lone surrogates too:
 * they do not survive UTF-8.
 */
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

export function isPrintable(text: string): boolean {
  return !FORBIDDEN.test(text) && text.isWellFormed();
}

/** Too long is too long: what looks further into a text is not asked about it (S-HTTP-09). */
export function printableText(maxLength: number): z.ZodType<string, string> {
  return z
    .string()
    .max(maxLength, { abort: true })
    .refine(isPrintable, { error: 'must not contain control, line-separator or bidirectional characters' });
}
