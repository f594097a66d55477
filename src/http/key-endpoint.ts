/**
 * In front of the engine: a token request that proves a key takes our own road, every other goes on with its
 * body as if nobody had read it. So nothing that the engine thinks of assertions is ever a way in.
 *
 * The body is waited for as a whole: an assertion with a long key does not fit into one packet.
 */
import type { Context } from 'koa';
import { Refusal } from '../lib/refusal.ts';
import { bringsKey, namedByKey } from '../tokens/authenticate-key.ts';
import { type PresentedCertificate, thumbprintOf } from '../tokens/client-certificate.ts';
import { requireNonce } from '../tokens/dpop-proof.ts';
import { confirmProof, type KeyRoadContext, takeKeyRoad } from '../tokens/key-road.ts';
import { plainRequest } from '../tokens/plain-request.ts';
import { type Confirm, type ShortRoadContext, takeShortRoad } from '../tokens/short-road.ts';
import { tokenForm } from '../tokens/token-form.ts';
import { TokenRefusal } from '../tokens/token-refusal.ts';
import type { PresentedBy } from './presented-certificate.ts';
import type { TokenEndpoint } from './token-endpoint.ts';

export function keyEndpoint(
  road: KeyRoadContext & ShortRoadContext,
  presentedBy: PresentedBy,
  bodyLimitBytes: number,
  engine: (ctx: Context, confirm?: Confirm) => Promise<void>,
): TokenEndpoint {
  return async function answerKeyRequest(ctx) {
    const body = await peekBody(ctx, bodyLimitBytes);
    const text = body.toString('latin1');
    const { authorization = '' } = ctx.req.headers;
    const proof = proofOf(ctx, road);
    const certificate = presentedBy(ctx.req);
    const confirm = confirmation(road, proof, certificate);
    const plain = confirm && plainRequest(text, authorization);
    if (plain !== undefined) {
      ctx.state.triedClient = plain.clientId;
      ctx.body = await takeShortRoad(road, plain, confirm);
      return;
    }
    // Cheap to ask, and most that comes here has nothing of it.
    const mayBringKey = certificate !== undefined || text.includes('client_assertion');
    const form = mayBringKey ? tokenForm(text) : {};
    const hasSecret = form.client_secret !== undefined || authorization !== '';
    if (form.client_assertion !== undefined && hasSecret) throw notOneMechanism();
    // A certificate is shown on every request of a connection, also on one that means its secret.
    if (hasSecret || !bringsKey({ form, certificate })) return engine(ctx, confirm);
    ctx.state.triedClient = namedByKey(form);
    ctx.body = await takeKeyRoad(road, { form, certificate }, confirm);
  };
}

/** Whatever becomes of the request, its answer has the nonce for the next proof (RFC 9449 section 8.2). */
function proofOf(ctx: Context, { nonces, now }: KeyRoadContext): string | undefined {
  const { dpop: proof } = ctx.req.headers;
  // Node.js joins two headers into one text, which is no proof.
  if (typeof proof !== 'string') return undefined;
  if (nonces !== undefined) ctx.set('DPoP-Nonce', nonces.current(now()));
  requireNonce(proof, { nonces, nowSeconds: now() });
  return proof;
}

/** What the token may be bound to. `undefined`: nothing is proven but what authenticates. */
function confirmation(
  road: KeyRoadContext,
  proof: string | undefined,
  certificate: PresentedCertificate | undefined,
): Confirm | undefined {
  if (proof === undefined && certificate === undefined) return undefined;
  return async () => ({
    ...(proof === undefined ? {} : await confirmProof(road, proof)),
    ...(certificate === undefined ? {} : { 'x5t#S256': thumbprintOf(certificate) }),
  });
}

/** RFC 6749 section 2.3; and a bogus assertion beside a secret proves nothing (S-TOK-07, S-TOK-08). */
function notOneMechanism(): TokenRefusal {
  const description = 'client authentication must only be provided using one mechanism';
  return new TokenRefusal('invalid_request', description);
}

/** Within what a request buffers by itself; the engine takes no longer form (L-18). */
const MOST_BUFFERED_BYTES = 56 * 1024;

/** All of the body, which is put back before anybody hears of its end. */
async function peekBody({ req }: Context, limitBytes: number): Promise<Buffer> {
  const mostBytes = Math.min(limitBytes, MOST_BUFFERED_BYTES);
  await settled(req, () => req.complete || req.destroyed || req.readableLength > mostBytes);
  // The length that was announced was within the limit, or this is a body in chunks.
  if (req.readableLength > mostBytes) throw new Refusal('body_too_large');
  const body: Buffer = req.read() ?? Buffer.alloc(0);
  if (body.length > 0) req.unshift(body);
  return body;
}

/** One listener for the whole wait: a new one would be told at once of what is there already. */
function settled(req: Context['req'], isSettled: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!isSettled()) return;
      req.off('readable', look).off('close', look).off('error', look);
      resolve();
    };
    req.on('readable', look).on('close', look).on('error', look);
    look();
  });
}
