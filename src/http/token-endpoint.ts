/**
 * `POST /oauth2/token`: a plain request takes the short road, every other goes to the engine, which is
 * given the body as if nobody had read it. A body that is not there at once as a whole is not waited for
 * here: the engine reads it.
 */
import type { Context } from 'koa';
import { plainRequest } from '../tokens/plain-request.ts';
import { type ShortRoadContext, takeShortRoad } from '../tokens/short-road.ts';
import type { PresentedBy } from './presented-certificate.ts';

export type TokenEndpoint = (ctx: Context) => Promise<void>;

export function tokenEndpoint(
  shortRoad: ShortRoadContext,
  presentedBy: PresentedBy,
  engine: TokenEndpoint,
): TokenEndpoint {
  return async function answerToken(ctx) {
    const form = await wholeBody(ctx);
    // With a DPoP proof or a certificate it is not plain: the token may be bound to a key.
    const bringsKey = ctx.req.headers.dpop !== undefined || presentedBy(ctx.req) !== undefined;
    const isPlain = form !== undefined && !bringsKey;
    const plain = isPlain ? plainRequest(form.toString('latin1'), ctx.get('authorization')) : undefined;
    if (plain) {
      ctx.state.triedClient = plain.clientId;
      ctx.body = await takeShortRoad(shortRoad, plain);
      return;
    }
    if (form !== undefined) ctx.req.unshift(form);
    await engine(ctx);
  };
}

/** The body when its length was announced and the first read brings all of it; else it stays unread. */
async function wholeBody({ req, request }: Context): Promise<Buffer | undefined> {
  const announced = request.length;
  if (announced === undefined || announced === 0) return undefined;
  if (req.readableLength < announced && !(await becomesReadable(req))) return undefined;
  if (req.readableLength < announced) return undefined;
  const body: Buffer | null = req.read(announced);
  return body ?? undefined;
}

function becomesReadable(req: Context['req']): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (readable: boolean) => {
      req.off('readable', yes).off('close', no).off('error', no);
      resolve(readable);
    };
    const yes = () => settle(true);
    const no = () => settle(false);
    req.on('readable', yes).on('close', no).on('error', no);
  });
}
