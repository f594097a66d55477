/**
 * A client as the wire has it: our metadata as an RFC 7591 request, and the provider's answer as an
 * `UpstreamClient`. An answer is taken member by member with bounds; what we have no use for is passed over,
 * and one wrong member makes the whole answer one that can't be read.
 */
import { z } from 'zod';
import type { ClientMetadata } from '../clients/metadata.ts';
import type { GrantedMetadata, UpstreamClient } from '../registration/upstream.ts';
import type { MarkerPlace, Preset } from './presets.ts';

export type DocumentRules = Pick<Preset, 'marker' | 'added' | 'withheld' | 'extensionMembers'>;
export type AnswerRules = Pick<Preset, 'marker' | 'unaskedScopes'>;

/** The members of RFC 7591 section 2 that we send and read back. Labels and descriptions are ours alone. */
const STANDARD = [
  'client_name',
  'redirect_uris',
  'grant_types',
  'response_types',
  'token_endpoint_auth_method',
  'scope',
  'client_uri',
  'logo_uri',
  'tos_uri',
  'policy_uri',
  'contacts',
] as const satisfies readonly (keyof ClientMetadata)[];

/** Set by us or by the provider: an extension of this name would claim to be another client, or a credential. */
const RESERVED: ReadonlySet<string> = new Set([
  ...STANDARD,
  'software_id',
  'software_statement',
  'client_id',
  'client_secret',
  'client_id_issued_at',
  'client_secret_expires_at',
  'registration_access_token',
  'registration_client_uri',
]);

/** Whether a portal's extension may be passed on under this name at all. */
export function isExtensionMember(name: string): boolean {
  return !RESERVED.has(name);
}

export function requestDocument(
  metadata: ClientMetadata,
  marker: string,
  rules: DocumentRules,
): Record<string, unknown> {
  // An empty scope is no scope (RFC 6749 section 3.3); left out, what is granted beyond it is taken back.
  const standard = STANDARD.flatMap((member) =>
    metadata[member] === undefined || metadata[member] === '' ? [] : [[member, metadata[member]]],
  );
  const extension = rules.extensionMembers.flatMap((member) =>
    isExtensionMember(member) && Object.hasOwn(metadata.extension, member)
      ? [[member, metadata.extension[member]]]
      : [],
  );
  const document = { ...rules.added, ...Object.fromEntries(extension), ...Object.fromEntries(standard) };
  for (const member of rules.withheld) delete document[member];
  return rules.marker === 'software_id'
    ? { ...document, software_id: marker }
    : { ...document, client_name: markedName(metadata.client_name ?? '', marker, rules.marker) };
}

function markedName(name: string, marker: string, place: MarkerPlace): string {
  return (place === 'client_name_start' ? `[${marker}] ${name}` : `${name} [${marker}]`).trim();
}

/** The name as the portal gave it. */
function withoutMarker(name: string, place: MarkerPlace): string {
  if (place === 'client_name_start') return name.replace(/^\[[^\]]*\] ?/, '');
  return place === 'client_name_end' ? name.replace(/ ?\[[^\]]*\]$/, '') : name;
}

/** Absent and `null` are the same: several providers state every member that they know. */
function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined);
}

const text = z.string().max(2048);
const texts = z.array(text).max(100);
/** glewlwyd states a list of one where a text belongs when a client is read; it means the same. */
const oneText = z.union([text, z.tuple([text]).transform(([only]) => only)]);
const credential = z.string().regex(/^[\x21-\x7e]{1,8192}$/);

const answerSchema = z.object({
  client_id: z.string().regex(/^[\x21-\x7e]{1,255}$/),
  /** RFC 6749 appendix A.2: VSCHAR. */
  client_secret: optional(z.string().regex(/^[\x20-\x7e]{1,1024}$/)),
  client_secret_expires_at: optional(z.int().min(0)),
  registration_client_uri: optional(text),
  registration_access_token: optional(credential),
  software_id: optional(text),
  client_name: optional(text),
  redirect_uris: optional(texts),
  grant_types: optional(texts),
  response_types: optional(texts),
  token_endpoint_auth_method: optional(oneText),
  scope: optional(text),
  client_uri: optional(text),
  logo_uri: optional(text),
  tos_uri: optional(text),
  policy_uri: optional(text),
  contacts: optional(texts),
});

/** `undefined` when it is no client document. */
export function readClient(document: unknown, rules: AnswerRules): UpstreamClient | undefined {
  const parsed = answerSchema.safeParse(document);
  if (!parsed.success) return undefined;
  const { client_id, client_secret, client_secret_expires_at, software_id: _, ...rest } = parsed.data;
  const { registration_client_uri, registration_access_token, ...stated } = rest;
  const granted: GrantedMetadata = Object.fromEntries(
    Object.entries({
      ...stated,
      client_name: withoutMarker(stated.client_name ?? '', rules.marker) || undefined,
      scope: stated.scope && withoutUnasked(stated.scope, rules.unaskedScopes),
    }).filter(([, value]) => value !== undefined),
  );
  return {
    client_id,
    client_secret,
    client_secret_expires_at: client_secret_expires_at ?? 0,
    registration_client_uri,
    registration_access_token,
    granted,
  };
}

function withoutUnasked(scope: string, unasked: readonly string[]): string {
  return scope
    .split(' ')
    .filter((token) => !unasked.includes(token))
    .join(' ');
}

/** Whether a document that a search found is one that we registered under this marker. */
export function carriesMarker(document: unknown, marker: string, place: MarkerPlace): boolean {
  const parsed = answerSchema.safeParse(document);
  if (!parsed.success) return false;
  if (place === 'software_id') return parsed.data.software_id === marker;
  const name = parsed.data.client_name ?? '';
  return place === 'client_name_start' ? name.startsWith(`[${marker}]`) : name.endsWith(`[${marker}]`);
}
