/**
 * Turns what a portal sends into client metadata: RFC 7591 metadata, any part of it, or `{}`, with the
 * portals' own spellings (`name`, `desc`, `scopes`). Unknown members are kept apart as extension metadata.
 *
 * Every problem is named by JSON path, and no received value is repeated. Members that only the server may
 * set are dropped, never honoured (RFC 7592 section 2.2).
 */
import type { Problem } from '../lib/refusal.ts';
import { zodProblems } from '../lib/zod-problems.ts';
import { usesKeySet } from './auth-method.ts';
import { CERTIFICATE_SUBJECTS } from './certificate-subject.ts';
import { type ClientMetadata, clientMetadata, LIMITS } from './metadata.ts';

type Members = Readonly<Record<string, unknown>>;

/** Set by the server in every answer; a caller's value for one of them means nothing. */
const SERVER_OWNED = new Set([
  'client_id',
  'client_secret',
  'client_id_issued_at',
  'client_secret_expires_at',
  'registration_access_token',
  'registration_client_uri',
  'issuer',
  // RFC 7591 section 2.3: a server that does not support software statements ignores them.
  'software_statement',
  '__proto__',
]);

/** Each would open something that this service does not do: a fetch, a redirect, another authentication. */
const UNSUPPORTED = new Set([
  'sector_identifier_uri',
  'request_uris',
  'initiate_login_uri',
  'backchannel_logout_uri',
  'backchannel_client_notification_endpoint',
  'post_logout_redirect_uris',
]);

const ALIASES = new Map([
  ['name', 'client_name'],
  ['desc', 'description'],
  ['scopes', 'scope'],
]);

const KNOWN = new Set(Object.keys(clientMetadata.shape).filter((member) => member !== 'extension'));

/** One of each is registered: another that is sent takes its place. Both that are sent are for the policy to refuse. */
const ALTERNATIVES: readonly (readonly string[])[] = [CERTIFICATE_SUBJECTS, ['jwks', 'jwks_uri']];

/** The document that results, as far as it is right, and what is wrong with the rest. */
export interface MergedMetadata {
  readonly metadata: ClientMetadata;
  readonly problems: readonly Problem[];
}

/**
 * Lays the members of `body` over `kept` and checks the whole result. An absent or null member keeps what
 * is there. Wrong members are left out of `metadata`, so that its other members can be judged too and the
 * caller hears of everything at once.
 */
export function mergeMetadata(kept: Partial<ClientMetadata>, body: Members): MergedMetadata {
  const sent = sortMembers(body);
  const extension = { ...kept.extension, ...sent.extension };
  const merged: Record<string, unknown> = { ...kept, ...sent.known, extension };
  for (const members of ALTERNATIVES) {
    if (!members.some((member) => member in sent.known)) continue;
    for (const member of members) if (!(member in sent.known)) delete merged[member];
  }
  // It ends with the method that it is for: whoever merges has no way to take a member away.
  if (!('jwks_uri' in sent.known) && !usesKeySet(merged)) delete merged.jwks_uri;
  const problems = [...sent.problems, ...extensionProblems(extension)];
  const parsed = clientMetadata.safeParse(merged);
  if (parsed.success) return { metadata: parsed.data, problems };
  for (const { path } of parsed.error.issues) delete merged[String(path[0])];
  return { metadata: clientMetadata.parse(merged), problems: [...problems, ...zodProblems(parsed.error)] };
}

/** `body` without the members that we do not know: RFC 7591 section 2 wants those ignored. */
export function knownMembers(body: Members): Members {
  return Object.fromEntries(
    Object.entries(body).filter(
      ([member]) => KNOWN.has(ALIASES.get(member) ?? member) || UNSUPPORTED.has(member),
    ),
  );
}

function sortMembers(body: Members) {
  const known: Record<string, unknown> = {};
  const extension: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [sentAs, value] of Object.entries(body)) {
    const member = ALIASES.get(sentAs) ?? sentAs;
    if (value === null || value === undefined || SERVER_OWNED.has(member)) continue;
    if (UNSUPPORTED.has(member)) problems.push({ path: member, message: 'is not supported; leave it out' });
    else if (!KNOWN.has(member)) extension[member] = value;
    else if (member === 'scope') problems.push(...takeScope(known, sentAs, value));
    // The member's own name wins over its alias, whichever comes first.
    else if (sentAs === member || !(member in known)) known[member] = value;
  }
  return { known, extension, problems };
}

/** `scope` is a string (RFC 7591) or an array (API7, Konnect: `scopes`). Both may come if they agree. */
function takeScope(known: Record<string, unknown>, sentAs: string, value: unknown): Problem[] {
  const scope = Array.isArray(value) ? joinScopes(value) : value;
  if (scope === undefined) return [{ path: sentAs, message: 'must hold scope tokens without white space' }];
  if ('scope' in known && !sameTokens(known.scope, scope)) {
    return [{ path: sentAs, message: 'scope and scopes differ; send one of them' }];
  }
  known.scope = scope;
  return [];
}

function joinScopes(tokens: readonly unknown[]): string | undefined {
  const words = tokens.filter((token): token is string => typeof token === 'string' && !/\s/.test(token));
  return words.length === tokens.length ? words.filter(Boolean).join(' ') : undefined;
}

function sameTokens(one: unknown, other: unknown): boolean {
  const sorted = (text: unknown) => String(text).split(' ').filter(Boolean).sort().join(' ');
  return sorted(one) === sorted(other);
}

function extensionProblems(extension: Members): Problem[] {
  const { extensionMembers, extensionBytes } = LIMITS;
  if (Object.keys(extension).length > extensionMembers) {
    return [
      { path: '$', message: `has more than ${extensionMembers} members that are not RFC 7591 metadata` },
    ];
  }
  if (Buffer.byteLength(JSON.stringify(extension)) > extensionBytes) {
    return [{ path: '$', message: `has more than ${extensionBytes} bytes that are not RFC 7591 metadata` }];
  }
  return [];
}
