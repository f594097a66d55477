/**
 * One listening socket with the limits that Node.js leaves open by default (L-30), and an orderly end:
 * stop accepting, let requests in flight finish, then close what is left.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { listenError } from '../lib/listen-problem.ts';

const SECOND_MS = 1000;

/**
 * Headers within 10 s and the whole request within 12 s, looked for every 2 s: a slow sender is gone after
 * at most 15 s (F-23). `keepAliveTimeout` is longer than the idle time that common proxies keep (60 s), so
 * that it is never us who close a connection just as a proxy sends on it.
 */
const TIMEOUTS = {
  headersTimeout: 10 * SECOND_MS,
  requestTimeout: 12 * SECOND_MS,
  connectionsCheckingInterval: 2 * SECOND_MS,
  keepAliveTimeout: 65 * SECOND_MS,
} as const;
const MAX_HEADERS = 64;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 10_000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Certificate chain and private key, PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  /** Whose certificates clients may show; PEM. */
  readonly ca?: string | undefined;
}

interface Socket {
  readonly handler: RequestListener;
  readonly address: Address;
  /** Absent: plain HTTP. */
  readonly tls?: TlsIdentity | undefined;
}

/**
 * RFC 8996: nothing below TLS 1.2; a handshake has as long as headers have. A certificate is asked for and not
 * required: what it is worth is decided where a client authenticates by it.
 */
const TLS = {
  minVersion: 'TLSv1.2',
  handshakeTimeout: TIMEOUTS.headersTimeout,
  requestCert: true,
  rejectUnauthorized: false,
} as const;

interface Listener {
  readonly server: Server | TlsServer;
  /** Where it really listens: the port that the system chose, if it was asked to (port 0). */
  readonly address: Address;
  /** Resolves when the last request has been answered, or after `timeoutMs`, whichever comes first. */
  close(timeoutMs: number): Promise<void>;
}

/** Rejects with the system's error when the address can't be listened on. */
async function listen({ handler, address: { host, port }, tls }: Socket): Promise<Listener> {
  const limits = { ...TIMEOUTS, maxHeaderSize: MAX_HEADER_BYTES };
  const server = tls
    ? createTlsServer({ ...limits, ...TLS, ...tls }, handler)
    : createServer(limits, handler);
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = MAX_CONNECTIONS;
  server.on('clientError', refuseMalformed);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { server, address: { host, port: (server.address() as AddressInfo).port }, close: closer(server) };
}

export type ListenerName = 'public' | 'management' | 'ops';

type Sockets = Readonly<Partial<Record<ListenerName, Socket>>>;

export interface Listeners<Opened extends Sockets> {
  readonly addresses: { readonly [Name in keyof Opened]: Address };
  /** What connections from now on are shown. Of a listener without TLS it is not asked. */
  renewTls(name: ListenerName, identity: TlsIdentity): void;
  close(names: readonly ListenerName[], timeoutMs: number): Promise<void>;
}

interface Socket {
  readonly handler: RequestListener;
  readonly address: Address;
}

/** All or none: when one address is taken, those already open are closed again before it rejects. */
export async function listenAll<Opened extends Sockets>(sockets: Opened): Promise<Listeners<Opened>> {
  const opened = new Map<ListenerName, Listener>();
  const close = async (names: Iterable<ListenerName>, timeoutMs: number) => {
    await Promise.all([...names].map((name) => opened.get(name)?.close(timeoutMs)));
  };
  try {
    for (const [name, socket] of Object.entries<Socket>(sockets)) {
      const opening = listen(socket).catch((error) => {
        throw listenError(name, socket.address, error);
      });
      opened.set(name as ListenerName, await opening);
    }
  } catch (error) {
    await close(opened.keys(), 0);
    throw error;
  }
  const addresses = Object.fromEntries([...opened].map(([name, { address }]) => [name, address]));
  const renewTls: Listeners<Opened>['renewTls'] = (name, identity) => {
    const server = opened.get(name)?.server;
    if (server instanceof TlsServer) server.setSecureContext({ ...TLS, ...identity });
  };
  return { addresses: addresses as Listeners<Opened>['addresses'], renewTls, close };
}

function closer(server: Server | TlsServer): (timeoutMs: number) => Promise<void> {
  return async function close(timeoutMs) {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
    await closed;
    clearTimeout(timer);
  };
}

/** What Node.js could not parse as HTTP never reaches a route: a bare status line, and the socket closes. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: import('node:stream').Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
