/** The public listener: what machine clients and gateways see (`contract/token-service.md`). */
import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import { Refusal } from '../lib/refusal.ts';
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { PUBLIC_PATHS } from '../tokens/server-metadata.ts';
import { TokenRefusal } from '../tokens/token-refusal.ts';
import type { RegisterRoutes } from './apps.ts';
import { countFailure, type FailedAuthentications } from './failed-authentications.ts';
import { requireForm } from './form-request.ts';
import { jwksReader } from './jwks-reader.ts';
import { cacheControlFor, type StaticBody, serveStatic, staticBody } from './static-body.ts';

export interface PublicRoutesOptions {
  readonly documents: Documents;
  /** Of the PEM keys, in seconds. */
  readonly keyCacheSeconds: number;
  /** One public key as SPKI PEM, for gateways that read no JWKS. */
  readonly pem: (kid: string) => { readonly body: Buffer; readonly etag: string } | undefined;
  readonly token: (ctx: Context) => Promise<void>;
  readonly tokenBodyLimitBytes: number;
  readonly failures: FailedAuthentications;
  readonly metrics: Pick<Metrics, 'tokenIssued' | 'tokenRefused'>;
}

/** By path: the documents that have one place and are always there. */
export type Documents = ReadonlyMap<string, (req: IncomingMessage) => StaticBody>;

export interface DocumentOptions {
  readonly metadata: object;
  /** The set in force; the body and its validator change together. */
  readonly jwks: () => { readonly body: Buffer; readonly etag: string };
  /** How long a key may be used from a cache: at most half the time that it is published before it signs. */
  readonly keyCacheSeconds: number;
  /** Hears of each fetch of the set, by what the fetcher calls itself. Must not wait for anything. */
  readonly jwksRead: (reader: string) => void;
}

export function publicDocuments(options: DocumentOptions): Documents {
  const described = staticBody(JSON.stringify(options.metadata), 'application/json');
  const cacheControl = cacheControlFor(options.keyCacheSeconds);
  return new Map<string, (req: IncomingMessage) => StaticBody>([
    [PUBLIC_PATHS.openidConfiguration, () => described],
    [PUBLIC_PATHS.oauthAuthorizationServer, () => described],
    [
      PUBLIC_PATHS.jwks,
      (req) => {
        const reader = jwksReader(req);
        if (reader !== undefined) options.jwksRead(reader);
        const { body, etag } = options.jwks();
        return { body, etag, contentType: 'application/json', cacheControl };
      },
    ],
  ]);
}

export function publicRoutes(options: PublicRoutesOptions): RegisterRoutes {
  const cacheControl = cacheControlFor(options.keyCacheSeconds);
  return (router) => {
    for (const [path, document] of options.documents) {
      router.get(
        path,
        serveStatic(({ req }) => document(req)),
      );
    }
    router.get(
      PUBLIC_PATHS.keyPem,
      serveStatic((ctx) => {
        const pem = options.pem(ctx.params.kid);
        return pem && { ...pem, contentType: 'application/x-pem-file', cacheControl };
      }),
    );
    router.post(PUBLIC_PATHS.token, tokenRoute(options));
  };
}

function tokenRoute(options: PublicRoutesOptions) {
  return async function answerTokenRequest(ctx: Context): Promise<void> {
    // RFC 6749 section 5.1, of a refusal too.
    ctx.set('Pragma', 'no-cache');
    try {
      // The engine would read on to its own limit and call it a malformed request (L-18).
      requireForm(ctx, options.tokenBodyLimitBytes);
      await options.token(ctx);
      options.metrics.tokenIssued();
    } catch (error) {
      options.metrics.tokenRefused(refusedAs(error));
      if (error instanceof TokenRefusal && error.error === 'invalid_client') {
        await countFailure(options.failures, ctx, ctx.state.triedClient);
      }
      throw error;
    }
  };
}

function refusedAs(error: unknown): string {
  if (error instanceof TokenRefusal) return error.error;
  if (error instanceof StoreUnavailable) return 'store_unavailable';
  return error instanceof Refusal ? error.reason : 'internal_error';
}
