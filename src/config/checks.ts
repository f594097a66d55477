/**
 * What several members of the configuration say together: each check looks at the members that are right
 * by themselves, and is silent about the others, whose own problems are reported already.
 */
import { parseKeyEncryptionKey, weaknessOf } from '../keys/key-encryption-key.ts';
import { CERTIFICATE_METHODS, takesCertificates } from './client-certificates.ts';
import { isDevelopmentIssuer } from './issuer.ts';
import { checkKeyLife } from './key-life-checks.ts';
import type { KnownConfig } from './known-config.ts';
import { overlaps } from './listen-address.ts';
import { mergePolicy } from './policy.ts';
import { EVERY_PORTAL } from './portals.ts';
import { type Finding, quoted } from './problems.ts';
import { checkProviders } from './provider-checks.ts';
import { checkReferences } from './references.ts';
import { hasPassword, isEmbedded, isLocalStore } from './store-url.ts';

/** S-TEN-09: below this a key can be guessed; in development it is a warning. */
export const MIN_API_KEY_CHARACTERS = 32;

export const CHECKS: readonly ((known: KnownConfig) => readonly Finding[])[] = [
  function issuerIsSecure({ issuer, allow_insecure_issuer }) {
    if (issuer === undefined || issuer.startsWith('https:') || isDevelopmentIssuer(issuer)) return [];
    if (allow_insecure_issuer) return [];
    return [
      {
        path: ['issuer'],
        message:
          'must use https:, unless its host is loopback (or ALLOW_INSECURE_ISSUER is true, in development)',
      },
    ];
  },
  function listenersDiffer(known) {
    const listeners = (['public_listen', 'management_listen', 'ops_listen'] as const).flatMap((member) => {
      const address = known[member];
      return address === undefined ? [] : [{ member, address }];
    });
    return listeners.flatMap(({ member, address }, index) =>
      listeners
        .slice(0, index)
        .filter((earlier) => overlaps(earlier.address, address))
        .map((earlier) => ({ path: [member], message: `must not listen where ${earlier.member} does` })),
    );
  },
  function redisIsProtected({ store_url, allow_insecure_store }) {
    if (store_url === undefined || isLocalStore(store_url)) return [];
    if (hasPassword(store_url) || allow_insecure_store) return [];
    return [
      {
        path: ['store_url'],
        message:
          'must have a password, unless Redis is on a loopback host (or ALLOW_INSECURE_STORE is true, in development)',
      },
    ];
  },
  function workersShareRedis({ workers = 1, store_url }) {
    if (workers <= 1 || store_url === undefined || !isEmbedded(store_url)) return [];
    return [
      {
        path: ['workers'],
        message: 'must be 1: a sqlite: store belongs to one process; for more set STORE_URL to a Redis',
      },
    ];
  },
  function tlsIsComplete({ public_tls_cert_file, public_tls_key_file }) {
    const files = { public_tls_cert_file, public_tls_key_file };
    const missing = Object.entries(files).filter(([, file]) => file === undefined);
    if (missing.length !== 1) return [];
    return missing.map(([member]) => ({
      path: [member],
      message: 'is required too: a certificate and its private key belong together',
    }));
  },
  function insecureJwksAreForDevelopment({ issuer, allow_insecure_client_jwks }) {
    if (issuer === undefined || !allow_insecure_client_jwks || isDevelopmentIssuer(issuer)) return [];
    const message = 'must be false: it lets portals call services of this machine (development only)';
    return [{ path: ['allow_insecure_client_jwks'], message }];
  },
  function certificatesCanCome(known) {
    return Object.entries(known.portals ?? {}).flatMap(([name, { token_endpoint_auth_methods = [] }]) => {
      const path = ['portals', name, 'token_endpoint_auth_methods'];
      if (!token_endpoint_auth_methods.some((method) => CERTIFICATE_METHODS.includes(method))) return [];
      if (!takesCertificates(known))
        return [{ path, message: 'needs PUBLIC_TLS_CERT_FILE or TRUSTED_PROXIES: no certificate can come' }];
      if (known.client_ca_file !== undefined || !token_endpoint_auth_methods.includes('tls_client_auth'))
        return [];
      return [{ path, message: 'needs CLIENT_CA_FILE for tls_client_auth: nobody issues certificates' }];
    });
  },
  function keyIsGivenInProduction({ issuer, key_encryption_key }) {
    if (issuer === undefined || isDevelopmentIssuer(issuer) || key_encryption_key !== undefined) return [];
    return [{ path: ['key_encryption_key'], message: 'is required: only in development is a key generated' }];
  },
  function keyIsRandomInProduction({ issuer, key_encryption_key }) {
    if (issuer === undefined || key_encryption_key === undefined || isDevelopmentIssuer(issuer)) return [];
    const weakness = weaknessOf(parseKeyEncryptionKey(key_encryption_key));
    if (weakness === undefined) return [];
    return [{ path: ['key_encryption_key'], message: `must be random, but it ${weakness}` }];
  },
  function previousKeyIsAnother({ key_encryption_key, key_encryption_key_previous: previous }) {
    if (previous === undefined || previous !== key_encryption_key) return [];
    return [{ path: ['key_encryption_key_previous'], message: 'must differ from KEY_ENCRYPTION_KEY' }];
  },
  function bootstrapKeyIsLong({ issuer, bootstrap_portal }) {
    const key = bootstrap_portal?.api_key;
    if (issuer === undefined || key === undefined || isDevelopmentIssuer(issuer)) return [];
    if (key.length >= MIN_API_KEY_CHARACTERS) return [];
    return [
      {
        path: ['bootstrap_portal'],
        message: `must have an API key of at least ${MIN_API_KEY_CHARACTERS} characters outside development`,
      },
    ];
  },
  function somethingIsOffered({ resources, portals }) {
    const empty = { resources, portals };
    return Object.entries(empty)
      .filter(([, record]) => record !== undefined && Object.keys(record).length === 0)
      .map(([member]) => ({ path: [member], message: 'must have at least one entry' }));
  },
  function audiencesDiffer({ resources = {} }) {
    const owners = new Map<string, string>();
    return Object.entries(resources).flatMap(([identifier, resource]) => {
      const audience = resource.audience ?? identifier;
      const owner = owners.get(audience);
      owners.set(audience, owner ?? identifier);
      if (owner === undefined) return [];
      // One audience for two APIs: a token for one would be taken by the other (S-JWT-04).
      const message = `must not have the audience of ${quoted(owner)}`;
      return [{ path: ['resources', identifier, 'audience'], message }];
    });
  },
  function localIsOurs({ providers = {} }) {
    return Object.entries(providers)
      .filter(
        ([name, provider]) =>
          provider.type !== undefined && (name === 'local') !== (provider.type === 'local'),
      )
      .map(([name]) => ({
        path: ['providers', name],
        message: 'the name local and the type local belong together',
      }));
  },
  function overlapHasRoom({ portals = {} }) {
    return Object.entries(portals).flatMap(([name, entry]): Finding[] => {
      const { max_secrets, secret_overlap_seconds } = mergePolicy(portals[EVERY_PORTAL], entry);
      if (max_secrets > 1 || secret_overlap_seconds === 0) return [];
      if (entry.secret_overlap_seconds !== undefined) {
        const message = 'must be 0 while max_secrets is 1: an overlap is two valid secrets';
        return [{ path: ['portals', name, 'secret_overlap_seconds'], message }];
      }
      // An entry that states neither has the problem of "*", told there.
      if (entry.max_secrets === undefined) return [];
      const message = 'leaves no room for the overlap inherited in secret_overlap_seconds';
      return [{ path: ['portals', name, 'max_secrets'], message }];
    });
  },
  function redirectHostsMatter({ portals = {} }) {
    return Object.entries(portals).flatMap(([name, entry]): Finding[] => {
      if (entry.redirect_uri_hosts === undefined) return [];
      const { redirect_uri_rule, grant_types } = mergePolicy(portals[EVERY_PORTAL], entry);
      // "*" may state it for the entries that judge strictly.
      if (name === EVERY_PORTAL || redirect_uri_rule === 'strict') return [];
      if (grant_types.includes('authorization_code')) return [];
      const message = 'has no effect: state redirect_uri_rule strict, or allow authorization_code';
      return [{ path: ['portals', name, 'redirect_uri_hosts'], message }];
    });
  },
  checkKeyLife,
  checkProviders,
  checkReferences,
];
