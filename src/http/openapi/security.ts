/**
 * The credentials that a request may carry, as security schemes. Three of them are ways to send the same
 * API key; the two tokens of RFC 7591 and RFC 7592 are for those who hold no key.
 */
const bearer = (description: string) => ({ type: 'http', scheme: 'bearer', description }) as const;

export const SECURITY_SCHEMES = {
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-KEY',
    description: "The API key of a portal. The portal's policy may name other headers (`api_key_headers`).",
  },
  apiKeyAsBearer: bearer('The API key of a portal, as `Authorization: Bearer`.'),
  apiKeyAsPassword: {
    type: 'http',
    scheme: 'basic',
    description: 'The API key of a portal as the password; the user name is not read.',
  },
  registrationAccessToken: bearer(
    'The `registration_access_token` of this client (RFC 7592 section 3): it manages this client and no other.',
  ),
  initialAccessToken: bearer(
    'An initial access token (RFC 7591 section 3): it registers a number of clients, until it expires, and does nothing else.',
  ),
} as const;

export type CredentialName = keyof typeof SECURITY_SCHEMES;

/** The ways to send an API key. */
export const API_KEY: readonly CredentialName[] = ['apiKey', 'apiKeyAsBearer', 'apiKeyAsPassword'];
