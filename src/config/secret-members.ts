/**
 * Which members of the configuration are secrets, and how the file speaks of them: `{env:NAME}` and
 * `{file:path}` stand for a secret, the secret itself in the file is refused. Files are copied, shown and
 * committed (C-09).
 */
import type { Path } from './problems.ts';
import { mayHoldSecret } from './store-url.ts';

export interface SecretMember {
  /** `*` is every entry of a record. */
  readonly path: readonly string[];
  /** Whether this text may stand in the file as it is. */
  readonly isPublic: (text: string) => boolean;
}

export const SECRET_MEMBERS: readonly SecretMember[] = [
  { path: ['key_encryption_key'], isPublic: () => false },
  { path: ['key_encryption_key_previous'], isPublic: () => false },
  { path: ['bootstrap_portal'], isPublic: () => false },
  { path: ['store_url'], isPublic: (url) => !mayHoldSecret(url) },
  { path: ['providers', '*', 'initial_access_token'], isPublic: () => false },
  { path: ['providers', '*', 'token_client', 'client_secret'], isPublic: () => false },
];

/** Settings that may also come from the file that `NAME_FILE` names. */
export const SECRET_SETTINGS: ReadonlySet<string> = new Set(
  SECRET_MEMBERS.flatMap(({ path }) => (path.length === 1 ? path : [])),
);

export type Placeholder =
  | { readonly kind: 'env'; readonly variable: string }
  | { readonly kind: 'file'; readonly file: string };

export function parsePlaceholder(text: string): Placeholder | undefined {
  const [, kind, name] = /^\{(env|file):([^{}]+)\}$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return kind === 'env' ? { kind, variable: name } : { kind: 'file', file: name };
}

/** Returns `value` with `replace` applied to each text at `pattern`; what is not there stays not there. */
export function replaceTexts(
  value: unknown,
  pattern: readonly string[],
  replace: (text: string, path: Path) => string | undefined,
  path: Path = [],
): unknown {
  const [head, ...rest] = pattern;
  if (head === undefined) return typeof value === 'string' ? replace(value, path) : value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      head === '*' || head === name ? replaceTexts(member, rest, replace, [...path, name]) : member,
    ]),
  );
}
