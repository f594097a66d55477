/** Puts the token service together: what the public listener serves besides registration. */
import { randomBytes } from 'node:crypto';
import { findSecret } from '../clients/secret.ts';
import type { SecretUsageRecorder } from '../clients/secret-usage-recorder.ts';
import { policyOf } from '../config/policy.ts';
import type { FastRoadOptions } from '../http/fast-road.ts';
import { keyEndpoint } from '../http/key-endpoint.ts';
import type { PresentedBy } from '../http/presented-certificate.ts';
import type { PublicRoutesOptions } from '../http/public-routes.ts';
import { tokenEndpoint } from '../http/token-endpoint.ts';
import type { TokenInspectionOptions } from '../http/token-inspection.ts';
import type { ReaderRecorder } from '../keys/reader-recorder.ts';
import { pooledIds } from '../lib/pooled-ids.ts';
import { engineWhenNeeded } from '../oidc/engine-when-needed.ts';
import { memoryRateLimiter } from '../stores/memory-rate-limiter.ts';
import { decoyKeys } from '../tokens/decoy-keys.ts';
import { type IssuerContext, issueAccessToken } from '../tokens/issue.ts';
import type { KeyRoadContext } from '../tokens/key-road.ts';
import { proofNonces } from '../tokens/proof-nonces.ts';
import { type QuickTokenContext, quickToken } from '../tokens/quick-token.ts';
import { allowingForClocks } from '../tokens/replay-store.ts';
import type { Revocations } from '../tokens/revocations.ts';
import { statusListUri } from '../tokens/server-metadata.ts';
import type { ShortRoadContext } from '../tokens/short-road.ts';
import { statusListPlaces } from '../tokens/status-list-places.ts';
import { tokenAllowance } from '../tokens/token-allowance.ts';
import { createTokenReuse } from '../tokens/token-reuse.ts';
import { FAILURES_PER_MINUTE } from './failures-per-minute.ts';
import { nowSeconds, type Parts } from './parts.ts';
import { keyCacheSecondsOf, servedDocuments } from './served-documents.ts';
import { tokenInspection } from './token-inspection.ts';

const failuresPerMinute = (points: number) => memoryRateLimiter({ points, windowSeconds: 60 });

/** Some 40,000 tokens, where a resource asks for it; what does not fit is signed anew. */
const REUSED_BYTES = 64 * 1024 * 1024;

export interface TokenService {
  readonly routes: PublicRoutesOptions;
  readonly inspection: TokenInspectionOptions;
  /** What is answered before the routes are looked at. */
  readonly fast: Pick<FastRoadOptions, 'documents' | 'token' | 'tokenBodyLimitBytes'>;
}

export function tokenService(
  parts: Parts,
  usage: SecretUsageRecorder,
  readers: ReaderRecorder,
  presentedBy: PresentedBy,
  revocations: Revocations,
): TokenService {
  const { config, clientCache, store, ring, resources, metrics } = parts;
  const { hashSecret } = parts.credentials;
  const issuing: IssuerContext = {
    issuer: config.issuer,
    catalogue: { resources, default_resource: config.default_resource },
    ceilingOf: (portal) => policyOf(config, portal),
    activeKey: (alg, now) => ring.activeKey(alg, now),
    statusListPlaces: statusListPlaces({
      hash: parts.credentials.tagStatusList,
      random: randomBytes,
      uriOf: statusListUri(config.issuer),
    }),
    newTokenId: pooledIds(randomBytes),
    reuse: createTokenReuse(REUSED_BYTES, revocations.isRevoked),
  };
  const allowance = tokenAllowance();
  const road: ShortRoadContext = {
    clients: clientCache,
    matchesSecret: (client, secret) => {
      const now = nowSeconds();
      const found = findSecret(client?.secrets ?? [], secret, hashSecret, now);
      if (client !== undefined && found !== undefined) usage.used(client.client_id, found.secret_id, now);
      return found !== undefined;
    },
    issue: (client, request, confirmation) => {
      const { tokens_per_minute } = policyOf(config, client.portal);
      allowance.require(client.client_id, tokens_per_minute, performance.now());
      const response = issueAccessToken(issuing, client, request, nowSeconds(), confirmation);
      allowance.given(client.client_id, tokens_per_minute);
      return response;
    },
  };
  const engine = engineWhenNeeded({ ...road, issuer: config.issuer });
  const keyRoad: KeyRoadContext & ShortRoadContext = {
    ...road,
    issuer: config.issuer,
    replays: allowingForClocks(store.replays, config.clock_skew_seconds),
    decoys: decoyKeys(randomBytes),
    keys: parts.clientKeys.keys,
    nonces: config.dpop_nonce_required ? proofNonces(parts.credentials.tagProofNonce) : undefined,
    now: nowSeconds,
  };
  const quick: QuickTokenContext = {
    warm: (id) => clientCache.warm(id, performance.now()),
    findSecret: (client, presented) => findSecret(client?.secrets ?? [], presented, hashSecret, nowSeconds()),
    issue: road.issue,
    used: ({ client_id }, { secret_id }) => usage.used(client_id, secret_id, nowSeconds()),
  };
  const keyCacheSeconds = keyCacheSecondsOf(config);
  const documents = servedDocuments(parts, keyCacheSeconds, readers);
  const tokenBodyLimitBytes = config.body_limit_bytes;
  return {
    routes: {
      documents,
      keyCacheSeconds,
      pem: (kid) => ring.pem(kid),
      token: tokenEndpoint(road, presentedBy, keyEndpoint(keyRoad, presentedBy, tokenBodyLimitBytes, engine)),
      tokenBodyLimitBytes,
      failures: { ofAddress: failuresPerMinute(FAILURES_PER_MINUTE), ofClient: failuresPerMinute(300) },
      metrics,
    },
    inspection: tokenInspection(parts, keyRoad, presentedBy, revocations),
    fast: {
      documents,
      token: (form, authorization) => quickToken(quick, form, authorization),
      tokenBodyLimitBytes,
    },
  };
}
