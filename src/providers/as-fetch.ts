/**
 * Our way out in the shape of `fetch`, for openid-client. The library wraps what it catches and hangs whole
 * responses on its errors; here the `UpstreamFailure` below comes out, and of everything else a code only.
 */
import { ClientError, type CustomFetch, ResponseBodyError } from 'openid-client';
import { UpstreamFailure, type UpstreamFailureReason } from '../registration/upstream.ts';
import { codeOf, OutboundError } from './outbound/evidence.ts';
import type { Outbound } from './outbound/outbound.ts';

type Method = 'GET' | 'POST';

export interface Purpose {
  readonly outbound: Outbound;
  /** For the evidence. */
  readonly url: URL;
  /** What a 4xx means. */
  readonly refused: UpstreamFailureReason;
}

/** Runs `act` with a fetch for openid-client. Whatever fails, nothing was changed: these are only preparations. */
export async function withFetch<T>(
  purpose: Purpose,
  signal: AbortSignal,
  act: (fetch: CustomFetch) => Promise<T>,
): Promise<T> {
  let failure: unknown;
  let status: number | undefined;
  const fetch: CustomFetch = async (url, { method, headers, body }) => {
    try {
      const answer = await purpose.outbound.request(
        { method: method as Method, url: new URL(url), headers, body: textOf(body) },
        signal,
      );
      status = answer.status;
      const empty = answer.text === '' || status === 204 || status === 304;
      return new Response(empty ? null : answer.text, { status, headers: answer.headers });
    } catch (error) {
      failure = error;
      throw error;
    }
  };
  try {
    return await act(fetch);
  } catch (error) {
    if (failure !== undefined) throw failure;
    throw translate(error, purpose, status);
  }
}

function translate(error: unknown, { url, refused }: Purpose, status = 0): unknown {
  if (!(error instanceof ClientError || error instanceof ResponseBodyError || error instanceof TypeError))
    return error;
  return new UpstreamFailure(reasonOf(status, refused), 'not_done', {
    status: status || undefined,
    cause: new OutboundError({ method: 'GET', url }, codeOf(error), status || undefined),
  });
}

function reasonOf(status: number, refused: UpstreamFailureReason): UpstreamFailureReason {
  if (status === 429 || status === 503) return 'upstream_busy';
  return status >= 400 && status < 500 ? refused : 'upstream_malformed';
}

function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined;
  return typeof body === 'string' ? body : String(body);
}
