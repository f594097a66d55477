/**
 * What the identity providers that people use expect, as data: one row each, with where the facts are from.
 * `generic` is RFC 7591 and RFC 7592 to the letter. A member of the configuration overrides its row.
 */

/** Where our marker is kept at the provider: a member that it stores, or a part of the client's name. */
export type MarkerPlace = 'software_id' | 'client_name_start' | 'client_name_end';

export interface Preset {
  /** Why it can't be used at all; shown when the configuration is checked. */
  readonly refused?: string;
  /** `Authorization` scheme of the initial access token. */
  readonly scheme: 'Bearer' | 'SSWS';
  /** `none`: it takes registrations from anyone who reaches it; no credential is needed. */
  readonly credential: 'required' | 'none';
  /** `once`: a token that registered one client registers no other, so each registration fetches its own. */
  readonly tokenUse: 'many' | 'once';
  readonly marker: MarkerPlace;
  /**
   * What manages a client: its registration access token at its `registration_client_uri` (RFC 7592), the
   * credential that registers at `{registration_endpoint}/{client_id}`, or nothing.
   */
  readonly management: 'registration_access_token' | 'initial_credential' | 'none';
  /** Query of the registration endpoint that finds clients by the marker; answers a JSON array. */
  readonly searchQuery?: string;
  /** Members that a registration there needs and our metadata has no word for. */
  readonly added: Readonly<Record<string, string>>;
  /** Members of RFC 7591 that it refuses or can't mean for a client that only fetches tokens for itself. */
  readonly withheld: readonly string[];
  /** Members of its own that a portal may pass on; every other extension stays here (S-UP-11). */
  readonly extensionMembers: readonly string[];
  /**
   * Scopes that every client is given there, asked for or not. They say nothing about this client, so they are
   * passed over in an answer: neither judged as wider than asked, nor kept.
   */
  readonly unaskedScopes: readonly string[];
  /** Where this was read. */
  readonly sources: readonly string[];
}

const GENERIC = {
  scheme: 'Bearer',
  credential: 'required',
  tokenUse: 'many',
  marker: 'software_id',
  management: 'registration_access_token',
  added: {},
  withheld: [],
  extensionMembers: [],
  unaskedScopes: [],
} as const;

export const PRESETS = {
  generic: {
    ...GENERIC,
    sources: ['https://www.rfc-editor.org/rfc/rfc7591', 'https://www.rfc-editor.org/rfc/rfc7592'],
  },
  keycloak: {
    ...GENERIC,
    // Its OIDC document has a place for software_id, and what is stored of a client has none.
    marker: 'client_name_end',
    // A client that names no scope is given all optional ones of the realm; these are a new realm's.
    unaskedScopes: ['address', 'phone', 'offline_access', 'microprofile-jwt', 'organization'],
    sources: [
      'https://www.keycloak.org/securing-apps/client-registration',
      'https://github.com/keycloak/keycloak/pull/7339',
      'https://github.com/keycloak/keycloak/blob/main/services/src/main/java/org/keycloak/services/clientregistration/oidc/DescriptionConverter.java',
    ],
  },
  okta: {
    ...GENERIC,
    scheme: 'SSWS',
    // Its search compares the beginning of client_name, and nothing else.
    marker: 'client_name_start',
    management: 'initial_credential',
    searchQuery: 'q={marker}',
    added: { application_type: 'service' },
    extensionMembers: ['application_type', 'initiate_login_uri'],
    sources: ['https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/client'],
  },
  auth0: {
    ...GENERIC,
    credential: 'none',
    marker: 'client_name_end',
    management: 'none',
    withheld: ['scope', 'contacts'],
    sources: ['https://auth0.com/docs/get-started/applications/dynamic-client-registration'],
  },
  entra: {
    ...GENERIC,
    refused:
      'Microsoft Entra ID has no dynamic client registration (RFC 7591): put an identity provider that has it in front, or use local',
    sources: ['https://obot.ai/blog/mcp-dynamic-client-registration-entra/'],
  },
  pingfederate: {
    ...GENERIC,
    // Metadata that it does not know has to be declared there as extended properties first.
    marker: 'client_name_end',
    sources: [
      'https://docs.pingidentity.com/pingfederate/latest/developers_reference_guide/pf_dynamic_registra_endpoint.html',
      'https://docs.pingidentity.com/pingfederate/latest/administrators_reference_guide/help_clientsettingstasklet_oauthdynamicclientregistrationstate.html',
    ],
  },
  pingone: {
    ...GENERIC,
    sources: ['https://docs.pingidentity.com/pingoneaic/am-oidc1/rest-api-oauth2-register-endpoint.html'],
  },
  curity: {
    ...GENERIC,
    // An initial access token is used up by one registration, and is fetched with the scope `dcr`.
    tokenUse: 'once',
    sources: [
      'https://curity.io/resources/learn/using-dynamic-client-registration/',
      'https://curity.io/resources/learn/dynamic-client-registration-management/',
    ],
  },
} as const satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof PRESETS;

export const PRESET_NAMES = Object.keys(PRESETS) as [PresetName, ...PresetName[]];

export function presetOf(name: PresetName): Preset {
  return PRESETS[name];
}
