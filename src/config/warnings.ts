/** What is allowed and should be known all the same: one line each, for the log at start. */
import { parseKeyEncryptionKey, weaknessOf } from '../keys/key-encryption-key.ts';
import { HEADER_LIMITS, tokenHeaderBytes } from '../tokens/token-size.ts';
import { MIN_API_KEY_CHARACTERS } from './checks.ts';
import { isDevelopmentIssuer } from './issuer.ts';
import { policyOf } from './policy.ts';
import type { Config } from './schema.ts';
import { hasPassword, isLocalStore, usesTls } from './store-url.ts';

export const WARNINGS: readonly ((config: Config) => readonly string[])[] = [
  function insecureIssuer({ issuer }) {
    if (issuer.startsWith('https:') || isDevelopmentIssuer(issuer)) return [];
    return ['ISSUER uses http:, so secrets and tokens can be read on the way (allow_insecure_issuer)'];
  },
  function openRedis({ store_url }) {
    if (isLocalStore(store_url)) return [];
    const open =
      'STORE_URL has no password: whoever reaches this Redis owns every client (allow_insecure_store)';
    const readable =
      'STORE_URL uses no TLS: what is stored can be read and changed on the way; use rediss://';
    return [...(hasPassword(store_url) ? [] : [open]), ...(usesTls(store_url) ? [] : [readable])];
  },
  function weakKey({ key_encryption_key }) {
    const weakness = key_encryption_key && weaknessOf(parseKeyEncryptionKey(key_encryption_key));
    return weakness ? [`KEY_ENCRYPTION_KEY ${weakness}: it is refused outside development`] : [];
  },
  function shortBootstrapKey({ bootstrap_portal }) {
    if (bootstrap_portal === undefined || bootstrap_portal.api_key.length >= MIN_API_KEY_CHARACTERS)
      return [];
    return [
      `BOOTSTRAP_PORTAL has an API key of fewer than ${MIN_API_KEY_CHARACTERS} characters: it is refused outside development`,
    ];
  },
  function anyHostInPrivateNetworks({ client_jwks_networks: networks, portals }) {
    const open = Object.keys(portals).filter((name) =>
      policyOf({ portals }, name).jwks_uri_hosts.includes('*'),
    );
    if (networks.length === 0 || open.length === 0) return [];
    return [
      `portals.${open.join(', portals.')}: jwks_uri_hosts "*" lets whoever registers clients call any host in CLIENT_JWKS_NETWORKS`,
    ];
  },
  function largeToken({ issuer, resources }) {
    return Object.entries(resources).flatMap(([identifier, resource]) => {
      const bytes = tokenHeaderBytes(issuer, resource.audience ?? identifier, resource);
      const passed = HEADER_LIMITS.filter(({ limitBytes }) => bytes > limitBytes).map(({ whose }) => whose);
      if (passed.length === 0) return [];
      return [
        `tokens of the resource ${identifier} (${resource.signing_alg}) make a header of about ${bytes} bytes, more than is taken by ${passed.join('; ')}: raise those limits first, or shorten the token`,
      ];
    });
  },
];
