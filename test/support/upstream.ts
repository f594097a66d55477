/**
 * Starts a real upstream provider (`upstream-server.ts`) in a process of its own, reached through a TCP proxy
 * that can cut and swallow. It ends with the test process.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { endWithProcess } from './end-with-process.ts';
import { freePort } from './free-port.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { tempDir } from './temp.ts';

export interface UpstreamSettings {
  readonly issuer: string;
  readonly port: number;
  readonly initialAccessToken: string;
  /** A new registration access token with every update. */
  readonly rotate: boolean;
  /** Before every request but reads. */
  readonly delayMs: number;
  readonly tls?: { readonly keyFile: string; readonly certFile: string };
}

export interface Upstream {
  readonly issuer: string;
  readonly initialAccessToken: string;
  /** URL for a provider's `search`. */
  readonly search: string;
  /** Certificate authority of its certificate, when it has one. */
  readonly caFile: string | undefined;
  readonly proxy: TcpProxy;
  /** Its own list of clients, all of them or those with this `software_id`. */
  clients(softwareId?: string): Promise<readonly Record<string, unknown>[]>;
  stop(): Promise<void>;
}

const SERVER = resolve(import.meta.dirname, 'upstream-server.ts');

export async function startUpstream(
  options: Partial<Pick<UpstreamSettings, 'rotate' | 'delayMs'>> & {
    readonly https?: boolean;
    /** Reached without the proxy, which then can do nothing: for who measures. */
    readonly direct?: boolean;
  } = {},
): Promise<Upstream> {
  const { rotate = false, delayMs = 0, https = false, direct = false } = options;
  const port = await freePort();
  const proxy = await startTcpProxy(port);
  const certificate = https ? makeCertificate() : undefined;
  const reached = direct ? port : proxy.port;
  const issuer = https ? `https://localhost:${reached}` : `http://127.0.0.1:${reached}`;
  const initialAccessToken = 'iat-upstream-f7Kq2mX9bT4wZ8';
  const settings: UpstreamSettings = {
    issuer,
    port,
    initialAccessToken,
    rotate,
    delayMs,
    ...(certificate === undefined ? {} : { tls: certificate }),
  };
  const child = spawn(process.execPath, [SERVER, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  endWithProcess(child);
  const ended = once(child, 'exit');
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(([code]) => Promise.reject(new Error(`the upstream ended with ${code}`))),
  ]);
  return {
    issuer,
    initialAccessToken,
    search: `${issuer}/admin/clients?software_id={marker}`,
    caFile: certificate?.caFile,
    proxy,
    clients: async (softwareId) => {
      const query = softwareId === undefined ? '' : `?software_id=${encodeURIComponent(softwareId)}`;
      const headers = { authorization: `Bearer ${initialAccessToken}` };
      // Past the proxy: what a test asks does not suffer from the faults that it makes.
      const response = await fetch(`http://127.0.0.1:${port}/admin/clients${query}`, { headers });
      return (await response.json()) as Record<string, unknown>[];
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      await proxy.close();
    },
  };
}

/** A certificate for localhost from an authority of its own, with openssl. */
function makeCertificate() {
  const directory = tempDir('upstream-tls');
  const at = (name: string) => join(directory, name);
  const openssl = (...args: readonly string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl failed: ${stderr}`);
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-subj',
    '/CN=test authority',
  );
  const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-addext', 'subjectAltName=DNS:localhost'];
  const leaf = ['-addext', 'basicConstraints=critical,CA:FALSE'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    ...signed,
    ...leaf,
    '-keyout',
    at('key.pem'),
    '-out',
    at('cert.pem'),
    '-subj',
    '/CN=localhost',
  );
  return { caFile: at('ca.pem'), keyFile: at('key.pem'), certFile: at('cert.pem') };
}
