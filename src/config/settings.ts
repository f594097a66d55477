/**
 * The scalar settings, one row each: member of the configuration file, and in upper case its environment
 * variable. The unit is in the name. The documents and the JSON schema are made from this table.
 */
import { z } from 'zod';
import { baseUrl } from './base-url.ts';
import { calledNetwork } from './called-network.ts';
import { distinct } from './distinct.ts';
import { hostPattern } from './host-pattern.ts';
import { issuer } from './issuer.ts';
import { listenAddress } from './listen-address.ts';
import { proxyNetwork } from './proxy-network.ts';
import { bootstrapPortal, keyEncryptionKey, SECRET } from './secret-settings.ts';
import { storeUrl } from './store-url.ts';

const KIB = 1024;
const MIB = KIB * KIB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_SECONDS = 60 * 60;
const DAY_SECONDS = 24 * HOUR_SECONDS;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export const settings = {
  issuer: issuer.default('http://localhost:3000').meta({
    description:
      'The issuer URL, exactly as tokens and verifiers carry it: no query, no fragment, no slash at the end. `http:` only for a loopback host, which makes this a development set-up.',
    examples: ['https://auth.example.com'],
  }),
  public_listen: listenAddress.prefault('0.0.0.0:3000').meta({
    description: 'Where tokens, keys and metadata are served. Port 0: any free port.',
  }),
  management_listen: listenAddress.prefault('127.0.0.1:3001').meta({
    description: 'Where portals manage clients.',
  }),
  management_url: baseUrl.optional().meta({
    description:
      'How portals reach the management listener: the base of `registration_client_uri` under `/register/{provider}`. Default: the address of `management_listen`, on this machine.',
    examples: ['https://bridge.internal.example.com'],
  }),
  allowed_hosts: distinct(hostPattern)
    .max(100)
    .default([])
    .meta({
      description:
        'Host names by which callers may reach the public and the management listener, besides those of `issuer` and `management_url`, the loopback names and the address of the connection: `bridge.internal`, `*.svc.example.com`, `*` for any. Keys and metadata under `/.well-known/` are served under every name. In the variable: separated by commas.',
      examples: [['bridge.internal']],
    }),
  ops_listen: listenAddress.prefault('127.0.0.1:3002').meta({
    description: 'Where health and metrics are served.',
  }),
  store_url: storeUrl.default('sqlite:data/dcr-bridge.db').meta({
    description:
      '`sqlite:<file>` (embedded, one process), or `redis://`, `rediss://`, `redis+sentinel://`, `redis+cluster://`. With a password in it, it is a secret.',
    examples: ['rediss://bridge:PASSWORD@redis.example.com:6379/0'],
  }),
  require_durable_store: z.boolean().default(false).meta({
    description: 'Refuse to start when the store says that an acknowledged write may be lost.',
  }),
  allow_insecure_store: z.boolean().default(false).meta({
    description: 'Allow a Redis on another machine without a password. Development only.',
  }),
  keys_dir: z.string().min(1).max(1024).default('keys').meta({
    description: "Directory of this node's encrypted replica of the key ring.",
  }),
  key_encryption_key: keyEncryptionKey.optional().meta({
    ...SECRET,
    description:
      '256 random bits as 43 base64url characters: encrypts the signing keys and keys the hashes of secrets. Generated into `keys_dir` on a first start in development; required otherwise.',
  }),
  key_encryption_key_previous: keyEncryptionKey.optional().meta({
    ...SECRET,
    description:
      'The key-encryption key before `key_encryption_key`, while the key ring is sealed under it: give it to every node together with the new one, run `dcr-bridge keys rewrap`, then remove it.',
  }),
  bootstrap_portal: bootstrapPortal.optional().meta({
    ...SECRET,
    description:
      '`name:api_key`: creates that portal with that key if it does not exist. The key has 12 to 256 visible ASCII characters, and at least 32 outside development.',
    examples: ['dev:dcrk_…'],
  }),
  workers: z.int().min(1).default(1).meta({
    description:
      'Worker processes sharing the listeners, for a machine with several cores. More than 1 needs Redis.',
  }),
  worker_silence_limit_ms: z
    .int()
    .min(5 * SECOND_MS)
    .max(60 * MINUTE_MS)
    .default(30 * SECOND_MS)
    .meta({
      description:
        'A worker that has not turned for so long is stuck: it is killed and another one started. One that is slow says so every second.',
    }),
  public_tls_cert_file: z.string().min(1).optional().meta({
    description:
      'Certificate chain of the public listener, PEM: it speaks TLS then, 1.2 at least. Read again when the file changes.',
  }),
  public_tls_key_file: z.string().min(1).optional().meta({
    description: 'Private key of that certificate, PEM. Both are set, or neither.',
  }),
  client_ca_file: z.string().min(1).optional().meta({
    description:
      'Certificates of the authorities that issue certificates to clients, PEM: what `tls_client_auth` is checked against. Read at start.',
  }),
  trusted_proxies: distinct(proxyNetwork)
    .max(100)
    .default([])
    .meta({
      description:
        'Networks of the proxies in front: only from there are `X-Forwarded-For`, `X-Forwarded-Proto` and `Client-Cert` (RFC 9440) believed. The proxy must take these headers away from what callers send. Default: none is believed.',
      examples: [['10.1.2.3/32']],
    }),
  dpop_nonce_required: z.boolean().default(false).meta({
    description:
      'Whether a DPoP proof must have a nonce that the service gave out, at most 4 minutes old (RFC 9449 section 8): it then can not be made long before it is used, and the clocks of clients do not matter. A client without one is told one, and has to ask again.',
  }),
  log_level: z.enum(LOG_LEVELS).default('info').meta({ description: 'Least severe level that is logged.' }),
  allow_insecure_issuer: z.boolean().default(false).meta({
    description: 'Allow an `http:` issuer on a host that is not loopback. Development only.',
  }),
  body_limit_bytes: z
    .int()
    .min(KIB)
    .max(KIB * KIB)
    .default(32 * KIB)
    .meta({ description: 'Longest request body.' }),
  request_deadline_ms: z
    .int()
    .min(100)
    .max(30 * SECOND_MS)
    .default(5 * SECOND_MS)
    .meta({ description: 'Longest time for one request, upstream calls included.' }),
  drain_delay_ms: z.int().min(0).max(MINUTE_MS).default(0).meta({
    description:
      'How long requests are still accepted after SIGTERM, while `/readyz` says already that the node is leaving. Behind a load balancer: longer than it takes to notice.',
  }),
  drain_timeout_ms: z
    .int()
    .min(0)
    .max(10 * MINUTE_MS)
    .default(10 * SECOND_MS)
    .meta({ description: 'How long requests in flight may finish after that.' }),
  max_clients: z.int().min(1).max(100_000_000).default(10_000_000).meta({
    description:
      "How many clients all portals together may have, whatever their own `max_clients`. The registration beyond it is refused; no client makes room for another's.",
  }),
  client_cache_bytes: z
    .int()
    .min(MIB)
    .max(16 * 1024 * MIB)
    .default(128 * MIB)
    .meta({
      description:
        'Most memory for clients that were loaded for a token, about 1 KiB each. A client that does not fit is read from the store for each of its tokens.',
    }),
  max_stale_seconds: z
    .int()
    .min(0)
    .max(24 * 60 * 60)
    .default(15 * 60)
    .meta({
      description:
        'For how long, while the store is away, clients that were loaded before still get tokens: also one that was disabled, or whose secret was rotated, by a node that still reaches the store.',
    }),
  client_jwks_networks: distinct(calledNetwork)
    .max(20)
    .default([])
    .meta({
      description:
        "Private networks that a client's `jwks_uri` may lead into, where its portal's `jwks_uri_hosts` names the host. Public addresses need no entry. Names are asked of the DNS servers, not of the hosts file; an authority of your own for the certificates there goes into `NODE_EXTRA_CA_CERTS`.",
      examples: [['10.20.0.0/16']],
    }),
  client_jwks_max_stale_seconds: z.int().min(0).max(DAY_SECONDS).default(HOUR_SECONDS).meta({
    description:
      'For how long after they were fetched the keys of a `jwks_uri` are used while it can not be fetched again: also a key that the client has taken away meanwhile.',
  }),
  allow_insecure_client_jwks: z.boolean().default(false).meta({
    description: "Allow a client's `jwks_uri` on this machine, and `http:` there. Development only.",
  }),
  idempotency_seconds: z
    .int()
    .min(60)
    .max(7 * 24 * 60 * 60)
    .default(24 * 60 * 60)
    .meta({ description: 'For how long a retry with the same Idempotency-Key gets the same answer.' }),
  idempotency_secret_seconds: z
    .int()
    .min(0)
    .max(24 * 60 * 60)
    .default(10 * 60)
    .meta({ description: 'For how long that answer includes the secret.' }),
  introspections_per_minute: z.int().min(1).max(10_000_000).default(60_000).meta({
    description: 'How many tokens each client may introspect in a minute, at each process.',
  }),
  upstream_recovery_ms: z
    .int()
    .min(100)
    .max(10 * MINUTE_MS)
    .default(MINUTE_MS)
    .meta({
      description:
        'How often what was begun at upstream providers and not ended is looked after, by one node; on start too.',
    }),
  ring_refresh_ms: z
    .int()
    .min(100)
    .max(5 * MINUTE_MS)
    .default(10 * SECOND_MS)
    .meta({ description: 'How often each node reads the key ring again from the store.' }),
  key_publish_lead_seconds: z
    .int()
    .min(1)
    .max(30 * DAY_SECONDS)
    .default(2 * HOUR_SECONDS)
    .meta({
      description:
        'How long a signing key is published before it signs: longer than any verifier keeps a JWKS without asking again. 2 h is enough for Envoy, Istio and mod_auth_openidc; 86400 where the verifiers are unknown.',
    }),
  key_rotation_days: z.number().min(0).max(3650).default(30).meta({
    description:
      'How long a signing key signs, for each algorithm; then the next one does. 0: rotation is by `dcr-bridge keys` only.',
  }),
  key_retire_after_seconds: z
    .int()
    .min(1)
    .max(90 * DAY_SECONDS)
    .optional()
    .meta({
      description:
        'How long a key stays published after it stopped signing. At least the longest `token_lifetime_seconds`, twice `clock_skew_seconds` and `ring_refresh_ms`: no token outlives its published key; and at least `max_stale_seconds`, that lifetime, the skew and a refresh: a node that has not heard of the store for this, less the longest token lifetime and the skew, signs nothing. Default: 24 h, or that least if it is more.',
    }),
  clock_skew_seconds: z.int().min(0).max(HOUR_SECONDS).default(60).meta({
    description: 'How far the clocks of two nodes, or of a node and a verifier, may be apart.',
  }),
  key_reader_wait_seconds: z
    .int()
    .min(0)
    .max(30 * DAY_SECONDS)
    .default(DAY_SECONDS)
    .meta({
      description:
        'How long a key, ready to sign, waits at most for the `readers` of its resources to fetch it.',
    }),
};
