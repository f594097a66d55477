/**
 * `docker-compose.yml` as docker-compose understands it: validated against its schema, variables filled in,
 * anchors resolved. No container is started by it: the tests run the same commands, environments and
 * configurations as processes on loopback.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../support/temp.ts';
import { parseYaml } from './parse-yaml.ts';

export const PROJECT = join(import.meta.dirname, '../..');

export interface ComposeService {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly (string | { readonly published: number; readonly target: number })[];
  readonly networks: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly string[];
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly user?: string;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
}

export type ComposeResult =
  | { readonly ok: true; readonly file: ComposeFile }
  | { readonly ok: false; readonly message: string };

/** `env` is what stands in the operator's `.env`; nothing else is looked at. */
export function readComposeFile(env: Readonly<Record<string, string>>): ComposeResult {
  const envFile = join(tempDir('compose'), '.env');
  writeFileSync(
    envFile,
    Object.entries(env)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const { status, stdout, stderr } = spawnSync(
    'docker-compose',
    ['--env-file', envFile, '-f', join(PROJECT, 'docker-compose.yml'), 'config'],
    { env: { PATH: process.env.PATH }, encoding: 'utf8' },
  );
  if (status !== 0) return { ok: false, message: stderr };
  const [file] = parseYaml(stdout) as readonly ComposeFile[];
  if (file === undefined) throw new Error('docker-compose printed nothing');
  return { ok: true, file };
}

export function composeService(file: ComposeFile, name: string): ComposeService {
  const service = file.services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
}
