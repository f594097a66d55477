/**
 * Apache httpd with a module that verifies tokens. The file that a user writes (`apache.conf` for mod_oauth2)
 * is used as it is; the server
 * around it is made here, with nothing of the machine's own set-up and no need of root.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { tempDir } from '../support/temp.ts';
import { type DebianPackage, requirePackages } from './debian-packages.ts';
import { type Gateway, type GatewaySetting, startGatewayProcess } from './gateway.ts';

const MODULES_DIR = '/usr/lib/apache2/modules';
const MODULES = ['mpm_event', 'authn_core', 'authz_core', 'headers', 'rewrite', 'proxy', 'proxy_http'];

export interface Httpd {
  /** The module that verifies tokens, and the Debian package that has it. */
  readonly module: string;
  readonly debianPackage: DebianPackage;
  /** What is in force before the file of the user: lines of configuration. */
  readonly settings?: readonly string[];
  /** What a user writes; it stands beside this file. */
  readonly file: string;
}

export function startApache(setting: GatewaySetting): Promise<Gateway> {
  return startHttpd(
    { module: 'oauth2', debianPackage: 'libapache2-mod-oauth2', file: 'apache.conf' },
    setting,
  );
}

export async function startHttpd(
  { module, debianPackage, settings = [], file }: Httpd,
  { issuer, ordersUrl, reportsUrl }: GatewaySetting,
): Promise<Gateway> {
  requirePackages('apache2', debianPackage);
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
    ...[...MODULES, module].map((name) => `LoadModule ${name}_module ${MODULES_DIR}/mod_${name}.so`),
    `Define ISSUER ${issuer}`,
    `Define ORDERS ${ordersUrl}`,
    `Define REPORTS ${reportsUrl}`,
    ...settings,
    `Include "${join(import.meta.dirname, file)}"`,
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
