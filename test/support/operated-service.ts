/**
 * A service with its operator beside it: the same settings for the process and for `dcr-bridge …`, so that
 * portals, tokens and clients are managed as they are in the field.
 */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { API, DOMAIN, ES256_API } from './domain.ts';
import { newKeyEncryptionKey, type ServiceOptions, startService, type TestService } from './service.ts';
import { tempDir } from './temp.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');

export interface Operated {
  readonly service: TestService;
  /** Runs `dcr-bridge <words> --json`; what it printed, parsed. Rejects when it fails. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into results of many shapes
  operate(...words: readonly string[]): Promise<any>;
  /** Adds a portal; its API key. */
  addPortal(name: string): Promise<string>;
  /** The same again: same directory, store and keys; another issuer's port unless it is given. */
  again(options?: ServiceOptions): Promise<Operated>;
}

/** The domain of the tests, with so many calls allowed that only a test of the limit meets it. */
export function domain(changes: {
  readonly portals?: Readonly<Record<string, object>>;
  readonly onEvent?: object;
}): Readonly<Record<string, unknown>> {
  return {
    ...DOMAIN,
    providers: {
      local: { type: 'local', ...(changes.onEvent === undefined ? {} : { on_event: changes.onEvent }) },
    },
    portals: {
      ...DOMAIN.portals,
      '*': {
        providers: ['local'],
        resources: [API, ES256_API],
        scopes: ['read', 'write', 'es:write'],
        calls_per_minute: 1_000_000,
      },
      ...changes.portals,
    },
  };
}

export async function startOperated(options: ServiceOptions = {}): Promise<Operated> {
  const config = options.config ?? domain({});
  const directory = options.directory ?? tempDir('operated');
  const env = { KEY_ENCRYPTION_KEY: newKeyEncryptionKey(), ...options.env };
  const service = await startService({ ...options, config, directory, env });
  const environment = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    ISSUER: service.issuer,
    STORE_URL: `sqlite:${join(directory, 'store.db')}`,
    KEYS_DIR: join(directory, 'keys'),
    CONFIG_FILE: join(directory, 'test-config.json'),
    ...env,
  };
  const operate = async (...words: readonly string[]) => {
    const printed = await new Promise<string>((done, failed) => {
      execFile(
        process.execPath,
        [CLI, ...words, '--json'],
        { env: environment, cwd: directory },
        (error, out) => {
          if (error === null) done(out);
          else failed(error);
        },
      );
    });
    return JSON.parse(printed);
  };
  return {
    service,
    operate,
    addPortal: async (name) => (await operate('portals', 'add', name)).api_key,
    again: (changes = {}) =>
      startOperated({ config, directory, ...changes, env: { ...env, ...changes.env } }),
  };
}
