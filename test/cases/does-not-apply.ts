/** Cases of the abuse table that this service has nothing to show for, each with why. */
export const DOES_NOT_APPLY: Readonly<Record<string, string>> = {
  'S-PKJ-02':
    'The bridge authenticates at no provider by an assertion: its own credential there is a token or a secret, so there is no audience for anybody to choose.',
  'S-PKJ-16':
    'A jwks_uri is refused at registration by every dialect: the keys of a client come with its registration, and nothing is fetched that could be down.',
  'S-PKJ-17':
    'A jwks_uri is refused at registration by every dialect: a client rotates its key by an update of its registration, and no cool-down lies between.',
  'S-RACE-10':
    'The engine holds no signing key, so rotating one makes no new engine: a token is signed by whichever key the ring says is active at that moment, and none is in flight on an old instance.',
  'S-SSRF-09':
    'Nothing that a portal or a client sends makes the service fetch a URL: jwks_uri is refused, and providers are the configuration’s.',
  'S-SSRF-10':
    'No key set is fetched from a URL: a client registers its keys themselves (jwks), so an unknown kid has nothing to fetch.',
};
