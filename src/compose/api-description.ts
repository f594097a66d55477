/** The API description: every group of routes with its heading, where it is served and who may call it. */
import type { Config } from '../config/schema.ts';
import type { ApiGroup, DescribedEndpoint } from '../http/openapi/api-group.ts';
import { type OpenApiDocument, openApiDocument } from '../http/openapi/document.ts';
import { API_KEY, type CredentialName } from '../http/openapi/security.ts';
import type { Group } from './bridge.ts';

/** Of the API, not of the program: which release is running is nobody's business who has no key (C-10). */
const API_VERSION = '1.0.0';

const ABOUT = `How portals manage OAuth clients: one core behind the grammars of several portals.

**Who is calling.** A portal, by its API key. It sees, changes and deletes its own clients only; another portal's client is as unknown as one that never was.

**Secrets.** A secret is in the answer to the act that made it and in no other, unless the portal's policy is \`secret_storage: recoverable\`. Such answers are sent with \`Cache-Control: no-store\`.

**Retries.** Send an \`Idempotency-Key\` with every act that makes a secret, and repeat a request that got no answer, or a 503, as it was.

**Errors.** Every problem of a request is named at once; give the \`error_id\` to the operator of this service.

Tokens are fetched at the issuer: see its \`/.well-known/oauth-authorization-server\`.`;

/** The kinds of groups: a dialect on a listener. */
const HEADINGS: Readonly<Record<string, { readonly name: string; readonly description: string }>> = {
  'management api7': {
    name: 'HTTP Bridge',
    description:
      'API7 Developer Portal (`provider_type: http_bridge`). An update changes what is sent and keeps the rest.',
  },
  'management konnect': {
    name: 'Konnect',
    description:
      'Kong Konnect Dev Portal (`provider_type: http`). Answers have the members that its contract names, and nothing else.',
  },
  'management rfc7591': {
    name: 'Dynamic Client Registration, any provider',
    description:
      'RFC 7591 and RFC 7592 for every configured provider: Gravitee, Tyk, MuleSoft, WSO2. An update replaces.',
  },
  'public rfc7591': {
    name: 'Dynamic Client Registration, this token service',
    description:
      'RFC 7591 and RFC 7592 where discovery says (`registration_endpoint`), on the public listener. An update replaces.',
  },
};

type DescribedGroup = Pick<Group, 'listener' | 'dialect' | 'endpoints'>;

export function apiDescription(
  groups: readonly DescribedGroup[],
  { issuer }: Pick<Config, 'issuer'>,
  managementUrl: string,
): OpenApiDocument {
  const servers = {
    management: { url: withoutSlash(managementUrl), description: 'The management listener: for portals.' },
    public: { url: issuer, description: 'The public listener: the issuer.' },
  };
  return openApiDocument({
    version: API_VERSION,
    description: ABOUT,
    server: servers.management,
    groups: groups.map(({ listener, dialect, endpoints }): ApiGroup => {
      const heading = HEADINGS[`${listener} ${dialect}`];
      if (heading === undefined) throw new Error(`${dialect} on the ${listener} listener has no heading`);
      return {
        ...heading,
        server: servers[listener],
        endpoints,
        credentialsOf: dialect === 'rfc7591' ? registrationCredentials : () => API_KEY,
      };
    }),
  });
}

/** An initial access token registers; a registration access token manages its client; a key does both. */
function registrationCredentials({ path }: DescribedEndpoint): readonly CredentialName[] {
  return [...API_KEY, path.includes(':client_id') ? 'registrationAccessToken' : 'initialAccessToken'];
}

function withoutSlash(url: string): string {
  return url.replace(/\/$/, '');
}
