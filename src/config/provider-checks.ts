/** What the members of one upstream provider say together. */
import { presetOf } from '../providers/presets.ts';
import type { KnownConfig } from './known-config.ts';
import { isLoopbackHost } from './loopback.ts';
import type { Finding } from './problems.ts';
import type { ProviderConfig } from './schema.ts';

type Oidc = Partial<Extract<ProviderConfig, { type: 'oidc' }>>;

export function checkProviders({ providers = {} }: KnownConfig): readonly Finding[] {
  return Object.entries(providers).flatMap(([name, provider]) =>
    provider.type === 'oidc'
      ? CHECKS.flatMap((check) =>
          check(provider).map(({ path, message }) => ({ path: ['providers', name, ...path], message })),
        )
      : [],
  );
}

const CHECKS: readonly ((provider: Oidc) => readonly Finding[])[] = [
  function presetCanRegister({ preset = 'generic' }) {
    const { refused } = presetOf(preset);
    return refused === undefined ? [] : [{ path: ['preset'], message: `can't be used: ${refused}` }];
  },
  function oneCredential({ preset = 'generic', initial_access_token, token_client }) {
    if (initial_access_token !== undefined && token_client !== undefined) {
      return [{ path: ['token_client'], message: 'must not be set together with initial_access_token' }];
    }
    const { credential, refused } = presetOf(preset);
    const needed = credential === 'required' && refused === undefined;
    if (!needed || initial_access_token !== undefined || token_client !== undefined) return [];
    return [{ path: ['initial_access_token'], message: 'is required, or token_client in its place' }];
  },
  function issuerIsSecure({ issuer, allow_insecure_loopback }) {
    if (issuer === undefined) return [];
    const loopback = isLoopbackHost(new URL(issuer).hostname);
    if (allow_insecure_loopback && !loopback) {
      return [{ path: ['allow_insecure_loopback'], message: 'must be false: the issuer is not on loopback' }];
    }
    if (issuer.startsWith('https:') || allow_insecure_loopback) return [];
    const message = loopback
      ? 'must use https:, unless allow_insecure_loopback is true (development)'
      : 'must use https:';
    return [{ path: ['issuer'], message }];
  },
  function endpointsAreAllowed(provider) {
    const { issuer, allowed_hosts = [], allow_insecure_loopback = false } = provider;
    if (issuer === undefined) return [];
    return (['registration_endpoint', 'search'] as const).flatMap((member): Finding[] => {
      const text = provider[member];
      if (text === undefined) return [];
      const url = new URL(text);
      const secure = url.protocol === 'https:' || allow_insecure_loopback;
      if (secure && (url.origin === new URL(issuer).origin || allowed_hosts.includes(url.host))) return [];
      return [{ path: [member], message: "must be https: on the issuer's host, or on one of allowed_hosts" }];
    });
  },
  function certificateHasItsKey({ client_cert_file, client_key_file }) {
    if ((client_cert_file === undefined) === (client_key_file === undefined)) return [];
    const missing = client_cert_file === undefined ? 'client_cert_file' : 'client_key_file';
    return [{ path: [missing], message: 'is required: a certificate and its key belong together' }];
  },
];
