/**
 * HAProxy with `haproxy.cfg`, which is what a user writes, and the file of keys that a user's script
 * writes: the JWKS says which keys there are, `/.well-known/keys/{kid}.pem` has each as HAProxy reads it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { tempDir } from '../support/temp.ts';
import { requirePackages } from './debian-packages.ts';
import { type Gateway, type GatewaySetting, startGatewayProcess } from './gateway.ts';

/** Of the algorithms that we sign with, those that `jwt_verify` of HAProxy 2 knows. */
const ALGS: readonly string[] = ['RS256', 'ES256'];

export async function startHaproxy({ issuer, ordersUrl, reportsUrl }: GatewaySetting): Promise<Gateway> {
  requirePackages('haproxy');
  const directory = tempDir('haproxy');
  const port = await freePort();
  const keysFile = join(directory, 'keys.cfg');
  writeFileSync(keysFile, await writeKeys(issuer, directory));
  return startGatewayProcess({
    file: '/usr/sbin/haproxy',
    args: ['-db', '-f', keysFile, '-f', join(import.meta.dirname, 'haproxy.cfg')],
    env: {
      ISSUER: issuer,
      LISTEN: `127.0.0.1:${port}`,
      ORDERS: new URL(ordersUrl).host,
      REPORTS: new URL(reportsUrl).host,
    },
    port,
  });
}

/** Fetches every key that is of use into `directory`; the rules that use them. */
async function writeKeys(issuer: string, directory: string): Promise<string> {
  const { keys } = JSON.parse((await fetched(`${issuer}/.well-known/jwks.json`)) ?? '') as {
    keys: { kid: string; alg: string }[];
  };
  const rules = ['defaults published-keys', '  mode http', '  timeout client 30s'];
  for (const { kid, alg } of keys.filter((key) => ALGS.includes(key.alg))) {
    const pemFile = join(directory, `${kid}.pem`);
    const pem = await fetched(`${issuer}/.well-known/keys/${kid}.pem`);
    // It was retired since the set was read.
    if (pem === undefined) continue;
    writeFileSync(pemFile, pem);
    rules.push(
      `  http-request set-var(txn.verified) http_auth_bearer,jwt_verify("${alg}","${pemFile}")` +
        ` if { http_auth_bearer,jwt_header_query('$.alg') -m str ${alg} }` +
        ` { http_auth_bearer,jwt_header_query('$.kid') -m str -- ${kid} }`,
    );
  }
  return `${rules.join('\n')}\n`;
}

/** Undefined when there is no such thing. */
async function fetched(url: string): Promise<string | undefined> {
  const response = await fetch(url);
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.text();
}
