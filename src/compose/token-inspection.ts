/** Puts together what is asked and said about tokens that were issued. */
import { MAX_TOKEN_LIFETIME_SECONDS } from '../config/resources.ts';
import type { AuthenticatedFormOptions } from '../http/authenticated-form.ts';
import type { PresentedBy } from '../http/presented-certificate.ts';
import type { TokenInspectionOptions } from '../http/token-inspection.ts';
import { troubleReport } from '../keys/ring-log.ts';
import { memoryRateLimiter } from '../stores/memory-rate-limiter.ts';
import type { AssertionContext } from '../tokens/authenticate-assertion.ts';
import { type AuthenticationContext, authenticateBySecret } from '../tokens/authenticate-client.ts';
import { authenticateByKey } from '../tokens/authenticate-key.ts';
import { introspect } from '../tokens/introspect.ts';
import { createRevocations, type Revocations } from '../tokens/revocations.ts';
import { revoke } from '../tokens/revoke.ts';
import { statusListUri } from '../tokens/server-metadata.ts';
import { statusLists } from '../tokens/status-lists.ts';
import { FAILURES_PER_MINUTE } from './failures-per-minute.ts';
import { nowSeconds, type Parts } from './parts.ts';

const MINUTE_SECONDS = 60;
/** A client has few tokens to revoke, and each is a write to disk. */
const REVOCATIONS_PER_MINUTE = 600;

/** Within this every process knows what was revoked at another: nothing younger is stale. */
const KNOWN_WITHIN_SECONDS = 5;

export function tokenRevocations({ config, store, log }: Parts): Revocations {
  return createRevocations({
    store: store.revocations,
    maxStaleSeconds: Math.max(config.max_stale_seconds, KNOWN_WITHIN_SECONDS),
    report: troubleReport(log, {
      begins: 'new revocations can not be read from the store; those that are known go on',
      over: 'revocations are read from the store again',
    }),
  });
}

/** Counted in this process's memory: what is asked for every call of an API must not cost the store one. */
export function tokenInspection(
  { config, store, ring, resources, credentials }: Parts,
  authentication: AuthenticationContext & AssertionContext,
  presentedBy: PresentedBy,
  revocations: Revocations,
): TokenInspectionOptions {
  const limit = (points: number) => memoryRateLimiter({ points, windowSeconds: MINUTE_SECONDS });
  const form: Omit<AuthenticatedFormOptions, 'calls'> = {
    authenticate: (credentials) => authenticateBySecret(authentication, credentials),
    authenticateByKey: (credentials) => authenticateByKey(authentication, credentials),
    presentedBy,
    failures: limit(FAILURES_PER_MINUTE),
    bodyLimits: { bytes: config.body_limit_bytes, timeoutMs: config.request_deadline_ms },
  };
  const context = {
    issuer: config.issuer,
    publishedKeys: () => ring.publishedKeys(),
    // Not from memory: whoever asks is told at once that a client is gone, whichever node it was deleted at.
    clients: store.clients,
    resources,
    revocations,
  };
  const lists = statusLists({
    hash: credentials.tagStatusList,
    uriOf: statusListUri(config.issuer),
    activeKey: (alg, now) => ring.activeKey(alg, now),
    revocations,
    maxTokenLifetimeSeconds: MAX_TOKEN_LIFETIME_SECONDS,
  });
  return {
    introspection: { ...form, calls: limit(config.introspections_per_minute) },
    introspect: (caller, token) => introspect(context, caller, token, nowSeconds()),
    revocation: { ...form, calls: limit(REVOCATIONS_PER_MINUTE) },
    revoke: (caller, token) => revoke(context, caller, token, nowSeconds()),
    statusList: (alg, list) => lists.read(alg, list, nowSeconds()),
  };
}
