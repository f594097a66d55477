/**
 * Apache httpd with mod_oauth2. `apache.conf`, which is what a user writes, is used as it is; the server
 * around it is made here, with nothing of the machine's own set-up and no need of root.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { tempDir } from '../support/temp.ts';
import { requirePackages } from './debian-packages.ts';
import { type Gateway, type GatewaySetting, startGatewayProcess } from './gateway.ts';

const MODULES_DIR = '/usr/lib/apache2/modules';
const MODULES = [
  ...['mpm_event', 'authn_core', 'authz_core', 'headers', 'rewrite'],
  ...['proxy', 'proxy_http', 'oauth2'],
];

export async function startApache({ issuer, ordersUrl, reportsUrl }: GatewaySetting): Promise<Gateway> {
  requirePackages('apache2', 'libapache2-mod-oauth2');
  const directory = tempDir('apache');
  const port = await freePort();
  const errorLog = join(directory, 'error.log');
  const server = [
    `ServerRoot "${directory}"`,
    `DefaultRuntimeDir "${directory}"`,
    `PidFile "${join(directory, 'httpd.pid')}"`,
    `ErrorLog "${errorLog}"`,
    'ServerName localhost',
    `Listen 127.0.0.1:${port}`,
    // Asked for when root starts it, and without effect when another user does.
    'User nobody',
    'Group nogroup',
    ...MODULES.map((name) => `LoadModule ${name}_module ${MODULES_DIR}/mod_${name}.so`),
    `Define ISSUER ${issuer}`,
    `Define ORDERS ${ordersUrl}`,
    `Define REPORTS ${reportsUrl}`,
    `Include "${join(import.meta.dirname, 'apache.conf')}"`,
  ];
  const configFile = join(directory, 'httpd.conf');
  writeFileSync(configFile, `${server.join('\n')}\n`);
  return startGatewayProcess({
    file: '/usr/sbin/apache2',
    // One process: children of a parent that is killed would live on.
    args: ['-X', '-f', configFile],
    port,
    log: () => readFileSync(errorLog, 'utf8'),
  });
}
