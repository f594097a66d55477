/**
 * The two requests that are nearly all the traffic, answered before Koa: GET of a document that is in
 * memory, and a plain token request of a client that is in memory. Koa's context, router and middleware cost
 * as much as all that such a request really needs.
 *
 * It may stand in front because it never says no and decides nothing of its own. It takes a request only when
 * each of its headers is one that nothing here reads or that it reads itself, and it answers only with a
 * success, in the same bytes. Whatever else comes goes to Koa as if nobody had looked at it: a refusal, a
 * client that is not in memory, a body in pieces, a node that is leaving, a log that wants every request. A
 * test sends the same requests to both and compares.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { PUBLIC_PATHS } from '../tokens/server-metadata.ts';
import { isForm } from './form-request.ts';
import { isSentToUs, type KnowsHost } from './middleware/known-host.ts';
import { SECURITY_HEADERS } from './middleware/security-headers.ts';
import { CACHE_CONTROL, type StaticBody } from './static-body.ts';

export interface FastRoadOptions {
  /** By path: what is served from memory now. */
  readonly documents: ReadonlyMap<string, (req: IncomingMessage) => StaticBody>;
  /** The JSON of a token response; `undefined` when it takes more than a moment, or is to be refused. */
  readonly token: (form: string, authorization: string) => string | Promise<string> | undefined;
  readonly tokenBodyLimitBytes: number;
  readonly knowsHost: KnowsHost;
  readonly isDraining: () => boolean;
  readonly log: Pick<Logger, 'isLevelEnabled'>;
  readonly metrics: Pick<Metrics, 'observe' | 'tokenIssued'>;
}

/** `further` is Koa: it answers what is not answered here. */
export function fastRoad(options: FastRoadOptions, further: RequestListener): RequestListener {
  const { documents, isDraining, log, metrics } = options;
  const answerDocument = documentAnswers();
  const hasKnownHost = rememberedHost(options.knowsHost);

  function sent(req: IncomingMessage, route: string, startedMs: number): void {
    const seconds = (performance.now() - startedMs) / 1000;
    metrics.observe({ listener: 'public', method: req.method ?? '', route, status: 200, seconds });
  }

  function answerToken(req: IncomingMessage, res: ServerResponse, startedMs: number): void {
    const announced = Number(req.headers['content-length']);
    const form: Buffer | null = req.readableLength === announced ? req.read(announced) : null;
    if (form === null) return void further(req, res);
    const passOn = () => {
      req.unshift(form);
      further(req, res);
    };
    const send = (json: string) => {
      // As the middleware does, after the token was made: it may have begun meanwhile.
      if (isDraining()) res.shouldKeepAlive = false;
      res.writeHead(200, [...TOKEN_HEADERS, 'Content-Length', String(Buffer.byteLength(json))]);
      res.end(json);
      metrics.tokenIssued();
      sent(req, PUBLIC_PATHS.token, startedMs);
    };
    const json = options.token(form.toString('latin1'), req.headers.authorization ?? '');
    if (typeof json === 'string') send(json);
    else if (json === undefined) passOn();
    else json.then(send, passOn);
  }

  /** Many clients send the form behind its head. One that comes in more pieces than one is for Koa to wait for. */
  function awaitForm(req: IncomingMessage, res: ServerResponse, startedMs: number): void {
    if (req.readableLength > 0) answerToken(req, res, startedMs);
    else req.once('readable', () => answerToken(req, res, startedMs));
  }

  return function answerOrPassOn(req, res) {
    const startedMs = performance.now();
    const { method, url = '' } = req;
    const isToken = method === 'POST' && url === PUBLIC_PATHS.token;
    const document = method === 'GET' ? documents.get(url) : undefined;
    const isOurs = isToken || document !== undefined;
    if (!isOurs || isDraining() || log.isLevelEnabled('debug') || !isPlain(req)) return further(req, res);
    if (document !== undefined && !announcesBody(req)) {
      answerDocument(res, document(req));
      return sent(req, url, startedMs);
    }
    const isForUs = isToken && isPlainForm(req, options.tokenBodyLimitBytes) && hasKnownHost(req);
    if (!isForUs) return further(req, res);
    // The parser is between head and body now; when it has come to the end of the packet, both are there.
    process.nextTick(awaitForm, req, res, startedMs);
  };
}

/**
 * Headers that change no answer, besides those that are looked at here. What is not in the list may mean
 * something to somebody.
 */
const KNOWN_HEADERS = new Set([
  ...['host', 'connection', 'user-agent', 'accept', 'accept-encoding', 'accept-language', 'cache-control'],
  ...['pragma', 'content-type', 'content-length', 'authorization', 'traceparent', 'tracestate', 'via'],
  ...[
    'sec-fetch-mode',
    'sec-fetch-site',
    'sec-fetch-dest',
    'x-request-id',
    'x-correlation-id',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-port',
    'x-real-ip',
  ],
]);

/** Known headers, each once; a path and no absolute URL. */
function isPlain({ rawHeaders, httpVersion, url = '' }: IncomingMessage): boolean {
  if (httpVersion !== '1.1' || !url.startsWith('/')) return false;
  const names: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (!KNOWN_HEADERS.has(name) || names.includes(name)) return false;
    names.push(name);
  }
  return true;
}

/** Nearly all requests are sent to the same name as the one before (S-DCR-32). */
function rememberedHost(knows: KnowsHost): (req: IncomingMessage) => boolean {
  let known: string | undefined;
  let at: string | undefined;
  return ({ headers: { host = '' }, socket: { localAddress } }) => {
    if (host === known && localAddress === at) return true;
    if (!isSentToUs(knows, host, localAddress)) return false;
    [known, at] = [host, localAddress];
    return true;
  };
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined;
}

function isPlainForm({ headers }: IncomingMessage, limitBytes: number): boolean {
  const length = Number(headers['content-length']);
  return isForm(headers['content-type']) && length > 0 && length <= limitBytes;
}

const TOKEN_HEADERS = [
  ...Object.entries(SECURITY_HEADERS).flat(),
  ...['Pragma', 'no-cache', 'Content-Type', 'application/json; charset=utf-8'],
];

/** Headers and body are the same until the document is another one; each is made when it is first asked for. */
function documentAnswers(): (res: ServerResponse, document: StaticBody) => void {
  const made = new WeakMap<Buffer, { readonly headers: string[]; readonly text: string }>();
  return (res, { body, etag, contentType, cacheControl = CACHE_CONTROL }) => {
    let answer = made.get(body);
    if (answer === undefined) {
      const own = { 'Cache-Control': cacheControl, ETag: etag };
      const headers = Object.entries({ ...SECURITY_HEADERS, ...own }).flat();
      headers.push('Content-Type', mimeOf(contentType), 'Content-Length', String(body.length));
      // As text Node.js writes it with its head in one piece; Latin-1 keeps the bytes as they are.
      answer = { headers, text: body.toString('latin1') };
      made.set(body, answer);
    }
    res.writeHead(200, answer.headers);
    res.end(answer.text, 'latin1');
  };
}

/** As Koa completes a type. */
function mimeOf(contentType: string): string {
  return `${contentType}; charset=utf-8`;
}
