/**
 * Redocly's linter over an OpenAPI document, by the rules of `.redocly.yaml`. It is told to keep to itself:
 * left alone it reports how it is used, and asks for newer versions of itself.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from './temp.ts';

const RULES = join(import.meta.dirname, '../../.redocly.yaml');
const LINTER = fileURLToPath(import.meta.resolve('@redocly/cli/bin/cli.js'));

export interface Verdict {
  readonly valid: boolean;
  /** What the linter says, with the name of each rule that was broken. */
  readonly text: string;
}

export function lintOpenApi(document: object): Verdict {
  const directory = tempDir('openapi');
  const file = join(directory, 'openapi.json');
  writeFileSync(file, JSON.stringify(document, null, 2));
  const { status, stdout, stderr } = spawnSync(process.execPath, [LINTER, 'lint', '--config', RULES, file], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      REDOCLY_TELEMETRY: 'off',
      REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
      NO_COLOR: '1',
    },
    encoding: 'utf8',
  });
  return { valid: status === 0, text: stdout + stderr };
}
