/** The domain of the tests with one upstream provider, `acme`, that every portal may use. */
import { DOMAIN } from './domain.ts';

export function upstreamDomain(issuer: string, members: Readonly<Record<string, unknown>> = {}) {
  const acme = {
    type: 'oidc',
    issuer,
    initial_access_token: '{env:IAT}',
    allow_insecure_loopback: true,
    ...members,
  };
  return {
    ...DOMAIN,
    providers: { ...DOMAIN.providers, acme },
    portals: {
      ...DOMAIN.portals,
      '*': { ...DOMAIN.portals['*'], providers: ['local', 'acme'] },
    },
  };
}
