/**
 * Redirect URIs of a client whose only grant is `client_credentials` are inert: nothing redirects to them.
 * Portals send `*` and `localhost:3000` there, so they are stored as given. What is still refused is what
 * would do harm in a page that shows them as a link: script schemes and control characters. Where they are
 * used, `strict-redirect-uri.ts` says what they must be beyond that.
 */
import { z } from 'zod';
import { isPrintable } from '../lib/text.ts';

/**
 * Browsers strip leading blanks, tabs and newlines before they read the scheme, and ignore its case.
 * Control characters are refused before this is asked, so what is left to strip is white space.
 */
const SCRIPT_SCHEME = /^\s*(?:javascript|data|vbscript|blob|file|about|intent)\s*:/i;

export function redirectUri(maxLength: number): z.ZodType<string, string> {
  return z
    .string()
    .min(1)
    .max(maxLength, { abort: true })
    .refine(isPrintable, { error: 'must not contain control characters' })
    .refine((text) => !SCRIPT_SCHEME.test(text), {
      error: 'must not use a javascript, data, vbscript, blob, file, about or intent scheme',
    });
}
