/**
 * URLs of the configuration, kept exactly as given: absolute, without fragment and user information. One
 * that paths are appended to has no query and no slash at the end either, so that appending a path always
 * gives the URL that was meant.
 */
import { z } from 'zod';

/** `URL.parse` strips blanks and line breaks and turns `\\` into `/`: refused before it is asked. */
const VISIBLE_URL = /^https?:\/\/[!-[\]-~]+$/;

export const baseUrl = httpUrl({ mayEndWithSlash: false, mayHaveQuery: false });

export function httpUrl(may: { readonly mayEndWithSlash: boolean; readonly mayHaveQuery: boolean }) {
  return z
    .string()
    .max(2048)
    .superRefine((text, context) => {
      const url = VISIBLE_URL.test(text) ? URL.parse(text) : null;
      if (url === null) {
        context.addIssue({
          code: 'custom',
          message: 'must be an absolute URL, for example https://auth.example.com',
        });
        return;
      }
      const parts: readonly (readonly [boolean, string])[] = [
        [url.username !== '' || url.password !== '', 'must not contain a user name or password'],
        [!may.mayHaveQuery && text.includes('?'), 'must not contain a query'],
        [text.includes('#'), 'must not contain a fragment'],
        [!may.mayEndWithSlash && text.endsWith('/'), 'must not end with a slash'],
      ];
      for (const [wrong, message] of parts) if (wrong) context.addIssue({ code: 'custom', message });
    });
}
