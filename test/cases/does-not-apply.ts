/** Cases of the abuse table that this service has nothing to show for, each with why. */
export const DOES_NOT_APPLY: Readonly<Record<string, string>> = {
  'S-RACE-10':
    'The engine holds no signing key, so rotating one makes no new engine: a token is signed by whichever key the ring says is active at that moment, and none is in flight on an old instance.',
  'S-SSRF-09':
    'Nothing that a portal or a client sends makes the service fetch a URL: jwks_uri is refused, and providers are the configuration’s.',
  'S-SSRF-10':
    'No key set is fetched from a URL: a client registers its keys themselves (jwks), so an unknown kid has nothing to fetch.',
  'S-TOK-23':
    'No forwarded header is read, from anybody, so none can say that a request came without TLS: who ends TLS before the service takes https only, and a service that ends it itself takes nothing else on its public listener.',
};
