/**
 * One request and its answer over `node:http`: no redirect is followed, nothing is decompressed, nothing is
 * sent twice. What comes back is bounded in bytes and in time, headers included (S-SSRF-03, S-SSRF-05).
 */
import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

const MAX_BODY_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;

export interface OutboundRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface OutboundAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Why no answer came that can be read, and whether the request may have arrived. */
export interface ExchangeFailure {
  readonly sent: boolean;
  readonly status: number | undefined;
  /** `TOO_LARGE`, `ENCODED`, `NOT_UTF8`, `CLOSED`, or the network's own error. */
  readonly error: unknown;
}

export type Exchanged = { readonly answer: OutboundAnswer } | { readonly failure: ExchangeFailure };

export function exchange(request: OutboundRequest, agent: Agent, signal: AbortSignal): Promise<Exchanged> {
  const secure = request.url.protocol === 'https:';
  return new Promise((resolve) => {
    let sent = false;
    let status: number | undefined;
    const call = (secure ? httpsRequest : httpRequest)(request.url, {
      method: request.method,
      agent,
      signal,
      maxHeaderSize: MAX_HEADER_BYTES,
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'dcr-bridge',
        ...(request.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(request.body)) }),
        ...request.headers,
      },
    });
    const fail = (error: unknown) => {
      resolve({ failure: { sent, status, error } });
      call.destroy();
    };
    call.on('socket', (socket) => {
      // Until the connection stands, and with TLS is authenticated, not one byte of the request has left.
      if (call.reusedSocket) sent = true;
      else
        socket.once(secure ? 'secureConnect' : 'connect', () => {
          sent = true;
        });
    });
    call.on('error', fail);
    // Of an answer that changes the protocol (101) Node.js tells nothing else, not even that it was aborted: whoever
    // waits would wait for ever, and its place in the bulkhead with it.
    call.on('close', () => {
      if (status === undefined) fail(withCode('CLOSED'));
    });
    call.on('response', (response) => {
      status = response.statusCode ?? 0;
      readBody(response).then(
        (text) => resolve({ answer: { status: status ?? 0, headers: singleHeaders(response), text } }),
        fail,
      );
    });
    call.end(request.body);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw withCode('ENCODED');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw withCode('TOO_LARGE');
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw withCode('NOT_UTF8');
  }
}

function singleHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}
