/**
 * The port to an upstream identity provider, where the clients of a provider of type `oidc` live: register,
 * read, update and remove there (RFC 7591, RFC 7592), and find by our marker where that provider can search.
 *
 * Every call ends within its own deadline, is made at most once, and either returns what the provider
 * answered or throws `UpstreamFailure`, which says whether the provider may have done it. Nothing here
 * judges what was granted, keeps anything, or repeats a call.
 */
import type { ClientMetadata } from '../clients/metadata.ts';

/** The members of RFC 7591 section 2 that the provider stated in its answer; what it left out is absent. */
export type GrantedMetadata = Partial<
  Pick<
    ClientMetadata,
    | 'client_name'
    | 'redirect_uris'
    | 'grant_types'
    | 'response_types'
    | 'token_endpoint_auth_method'
    | 'scope'
    | 'client_uri'
    | 'logo_uri'
    | 'tos_uri'
    | 'policy_uri'
    | 'contacts'
  >
>;

/** What manages a client at its provider. The token is in clear: it is sealed before it is kept. */
export interface UpstreamManagement {
  /** The provider's id of the client: its own alphabet, 1 to 255 visible ASCII characters. */
  readonly client_id: string;
  /** Absent where the provider has no RFC 7592: such a client can't be changed or removed there. */
  readonly registration_client_uri?: string | undefined;
  readonly registration_access_token?: string | undefined;
}

/** A client as its provider answered it (RFC 7591 section 3.2.1, RFC 7592 section 3). */
export interface UpstreamClient extends UpstreamManagement {
  readonly client_secret?: string | undefined;
  /** Epoch seconds; 0 = never. */
  readonly client_secret_expires_at: number;
  readonly granted: GrantedMetadata;
}

export interface Upstream {
  /** The configured issuer; what the provider says of itself is compared with it, never believed. */
  readonly issuer: string;
  /** Whether `find` can find anything. Plain RFC 7591 has no listing. */
  readonly searchable: boolean;
  /** `marker` travels in `software_id`, or in the member that the provider's preset names. */
  register(metadata: ClientMetadata, marker: string): Promise<UpstreamClient>;
  read(client: UpstreamManagement): Promise<UpstreamClient>;
  /** Replaces the whole document; the marker is sent again. */
  update(client: UpstreamManagement, metadata: ClientMetadata, marker: string): Promise<UpstreamClient>;
  /** `absent`: the provider says that there is no such client (404, 410). */
  remove(client: UpstreamManagement): Promise<'removed' | 'absent'>;
  /** Every client there that carries the marker, with what manages it. Empty where not `searchable`. */
  find(marker: string): Promise<readonly UpstreamClient[]>;
}

/**
 * `not_done`: certainly not (nothing was sent, or the provider refused). `unknown`: it was sent, and no
 * answer that can be read came back; the provider may have done it.
 */
export type UpstreamOutcome = 'not_done' | 'unknown';

/** Why a call failed; one public answer each (the portals' contract, "Errors, everywhere"). */
export type UpstreamFailureReason =
  /** It answered with an OAuth error of its own: 502 with that error beside ours. */
  | 'upstream_refused'
  /** It answered 429 or 503: 503 with its `Retry-After`, bounded. */
  | 'upstream_busy'
  /** It refused the credential that manages the client, or the one that registers: 502, and alarmed. */
  | 'upstream_credential_refused'
  /** No answer within the deadline: 504. */
  | 'upstream_timeout'
  /** Its answer is no RFC 7591 document (HTML, truncated, too large, a redirect, another issuer's): 502. */
  | 'upstream_malformed'
  /** It can't be reached, or its certificate or address is not acceptable: 502. */
  | 'upstream_unreachable'
  /** The circuit is open, or too many calls wait already; nothing was sent: 503 with `Retry-After`. */
  | 'upstream_unavailable';

export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  readonly reason: UpstreamFailureReason;
  readonly outcome: UpstreamOutcome;
  /** HTTP status of the provider's answer, for the log. */
  readonly status: number | undefined;
  /** The provider's own, when they have the form of RFC 6749 section 5.2; else absent. */
  readonly upstreamError: string | undefined;
  readonly upstreamErrorDescription: string | undefined;
  /** Seconds. */
  readonly retryAfterSeconds: number | undefined;
  /** The provider's id of a client that was registered, and of which nothing else may be used. */
  readonly clientId: string | undefined;

  constructor(
    reason: UpstreamFailureReason,
    outcome: UpstreamOutcome,
    options: {
      status?: number | undefined;
      upstreamError?: string | undefined;
      upstreamErrorDescription?: string | undefined;
      retryAfterSeconds?: number | undefined;
      clientId?: string | undefined;
      /** Evidence for the log: never a body, a header or a token of the provider's (S-UP-09, S-LOG-03). */
      cause?: unknown;
    } = {},
  ) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.outcome = outcome;
    this.status = options.status;
    this.upstreamError = options.upstreamError;
    this.upstreamErrorDescription = options.upstreamErrorDescription;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.clientId = options.clientId;
  }
}
