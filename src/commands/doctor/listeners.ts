/** The three addresses: free, served by this service, or taken by somebody else. */
import { createServer } from 'node:net';
import { isDevelopmentIssuer } from '../../config/issuer.ts';
import { formatListenAddress, type ListenAddress, withoutWildcard } from '../../config/listen-address.ts';
import { isLoopbackHost } from '../../config/loopback.ts';
import type { Config } from '../../config/schema.ts';
import { type Finding, failed, ok, warning } from '../../lib/finding.ts';
import { listenRemedy } from '../../lib/listen-problem.ts';
import { type Answer, ask } from './ask.ts';
import type { Check } from './check.ts';

interface Listener {
  readonly member: 'public_listen' | 'management_listen' | 'ops_listen';
  readonly path: string;
  /** What is said of our own answer; `undefined`: it is somebody else's. */
  readonly recognise: (check: string, at: string, answer: Answer, config: Config) => Finding | undefined;
}

const LISTENERS: readonly Listener[] = [
  {
    member: 'public_listen',
    path: '/.well-known/openid-configuration',
    recognise: (check, at, { body }, { issuer }) => {
      const theirs = memberOf(body, 'issuer');
      if (typeof theirs !== 'string') return undefined;
      if (theirs === issuer) return ok(check, `${at}: served by this issuer`);
      const found = `${at}: served by another issuer, or an ISSUER that was changed since`;
      return failed(check, found, 'restart the service, or set PUBLIC_LISTEN to another address');
    },
  },
  {
    member: 'management_listen',
    path: '/openapi.json',
    recognise: (check, at, { body }) =>
      memberOf(body, 'openapi') === undefined ? undefined : ok(check, `${at}: served`),
  },
  {
    member: 'ops_listen',
    path: '/readyz',
    recognise: (check, at, { body }) => {
      const status = memberOf(body, 'status');
      if (memberOf(body, 'key_ring') === undefined) return undefined;
      if (status === 'ready') return ok(check, `${at}: live and ready`);
      const remedy = 'see what is said of the store, and the log of the service (OPS_LISTEN, /readyz)';
      return warning(check, `${at}: live, and ${String(status)}`, remedy);
    },
  },
];

export const listeners: Check = async ({ config }) => {
  const each = await Promise.all(LISTENERS.map((listener) => look(listener, config)));
  return [...each, ...hidden(config)];
};

async function look({ member, path, recognise }: Listener, config: Config): Promise<Finding> {
  const variable = member.toUpperCase();
  const check = variable.toLowerCase().replace('_listen', ' listener');
  const address = config[member];
  const at = formatListenAddress(address);
  if (address.port === 0) return ok(check, `${at}: any free port`);
  const scheme = member === 'public_listen' && config.public_tls_cert_file !== undefined ? 'https' : 'http';
  const taken = failed(check, `${at}: something else answers there`, listenRemedy(variable, 'EADDRINUSE'));
  try {
    const answer = await ask(`${scheme}://${formatListenAddress(withoutWildcard(address))}${path}`);
    return recognise(check, at, answer, config) ?? taken;
  } catch {
    const code = await whyNotBindable(address);
    if (code === undefined) return ok(check, `${at}: free, the service does not run here`);
    if (code === 'EADDRINUSE') return taken;
    return failed(check, `${at}: can not be listened on (${code})`, listenRemedy(variable, code));
  }
}

/** The only way to know is to listen, for no longer than that takes. */
function whyNotBindable({ host, port }: ListenAddress): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'unknown'));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

function hidden({ public_listen, issuer }: Config): readonly Finding[] {
  if (!isLoopbackHost(public_listen.host) || isDevelopmentIssuer(issuer)) return [];
  const found = 'only this machine reaches it, and ISSUER is for others';
  const remedy = 'set PUBLIC_LISTEN to 0.0.0.0:PORT, unless a proxy on this machine stands in front';
  return [warning('public listener', found, remedy)];
}

function memberOf(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null
    ? Object.entries(body).find(([key]) => key === name)?.[1]
    : undefined;
}
