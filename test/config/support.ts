/** What the tests of the configuration share: a valid file, and loading it with changes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatProblems } from '../../src/config/format-problems.ts';
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { tempDir } from '../support/temp.ts';

export const API = 'https://api.example.com';
export const KEK = randomBytes(32).toString('base64url');
export const API_KEY = `dcrk_${randomBytes(20).toString('hex')}`;

/** What a set-up that other machines reach needs besides the file. */
export const PRODUCTION = { ISSUER: 'https://auth.example.com', KEY_ENCRYPTION_KEY: KEK };

/** The domain that every configuration needs, as small as it gets. */
export function domain(): Record<string, unknown> {
  return {
    resources: { [API]: { scopes: ['read', 'write'] } },
    default_resource: API,
    providers: { local: { type: 'local' } },
    portals: { '*': { providers: ['local'], resources: [API], scopes: ['read', 'write'] } },
  };
}

export interface Given {
  readonly env?: Record<string, string>;
  /** Members of the configuration file over `domain()`, or its whole text. */
  readonly file?: Record<string, unknown> | string;
  /** Other files by name, beside it. */
  readonly files?: Record<string, string>;
}

/** Loads from a new directory, which is the working directory too. */
export function load({ env = {}, file = {}, files = {} }: Given = {}): LoadedConfig & { cwd: string } {
  const cwd = tempDir('config');
  const text = typeof file === 'string' ? file : JSON.stringify({ ...domain(), ...file });
  for (const [name, content] of Object.entries({ ...files, 'bridge.json': text })) {
    writeFileSync(join(cwd, name), content);
  }
  return { ...loadConfig({ env: { CONFIG_FILE: 'bridge.json', ...env }, cwd }), cwd };
}

/** The lines that a person sees when the configuration is refused; fails when it is not. */
export function refusal(given: Given): string[] {
  try {
    load(given);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.ok(error.problems.length > 0);
    return formatProblems(error.problems).split('\n');
  }
  assert.fail('the configuration was accepted');
}

/** Asserts that exactly these problems are told, each line beginning as stated, in any order. */
export function refused(given: Given, ...beginnings: string[]): void {
  const lines = refusal(given);
  const sorted = [...beginnings].sort();
  lines.sort();
  assert.equal(lines.length, sorted.length, lines.join('\n'));
  for (const [index, beginning] of sorted.entries()) {
    assert.ok(lines[index]?.startsWith(beginning), `${lines[index]}\nshould begin with\n${beginning}`);
  }
}
