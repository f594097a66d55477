/**
 * A refusal: an expected "no". It has two faces. `reason` is ours, for logs, metrics and audit; what the
 * caller is told is looked up by it in one exhaustive table (`http/error-catalogue.ts`), so that no place
 * in the domain knows a status code and no refusal can be left without an answer.
 *
 * It refuses to carry what was received: `problems` and `detail` are shown to the caller and logged, so a
 * value from the request never goes into them (the caller's own member names, as JSON paths, may).
 */
export type RefusalReason =
  | 'body_malformed'
  | 'body_too_large'
  | 'body_timeout'
  | 'media_type_unsupported'
  | 'request_malformed'
  | 'host_unknown'
  | 'transport_insecure'
  | 'route_unknown'
  | 'method_unsupported'
  | 'key_missing'
  | 'key_unknown'
  | 'portal_disabled'
  | 'provider_unknown'
  | 'provider_not_allowed'
  | 'client_unknown'
  | 'client_conflict'
  | 'metadata_invalid'
  | 'redirect_uri_invalid'
  | 'rotation_unsupported'
  | 'secret_unknown'
  | 'secret_last'
  | 'secret_limit'
  | 'secret_unused'
  | 'quota_exceeded'
  | 'rate_limited'
  | 'overloaded'
  | 'cursor_invalid'
  | 'query_invalid'
  | 'idempotency_key_invalid'
  | 'idempotency_key_reused'
  | 'idempotency_key_in_flight'
  | 'idempotency_key_unsettled'
  | 'client_busy'
  | 'client_unmanageable'
  | 'upstream_not_acceptable'
  | 'registration_token_invalid'
  | 'replay_memory_new'
  | 'ring_unavailable';

/** One thing wrong with a document. */
export interface Problem {
  /** JSON path of the member, `$` for the document itself: `redirect_uris[1]`, `labels.team`. */
  readonly path: string;
  /** What to do about it, in the imperative; never the received value. */
  readonly message: string;
}

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: RefusalReason;
  readonly problems: readonly Problem[];
  /** Replaces the catalogue's description where one sentence can't serve every case. */
  readonly detail: string | undefined;
  /** Extra response headers, lower case: `allow` of a 405, `www-authenticate` of a 401. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    reason: RefusalReason,
    options: {
      problems?: readonly Problem[];
      detail?: string;
      headers?: Readonly<Record<string, string>>;
      cause?: unknown;
    } = {},
  ) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.problems = options.problems ?? [];
    this.detail = options.detail;
    this.headers = options.headers ?? {};
  }
}
