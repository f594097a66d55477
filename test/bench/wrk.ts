/**
 * wrk, of Debian: a generator in C that takes a tenth of what a token takes, for measurements in which the
 * service has all cores. Installed when it is missing and may be; it is not, where that is an answer too.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Credentials } from '../support/bridge.ts';
import { ensureInstalled, missingPrograms } from '../support/debian-packages.ts';
import { tempDir } from '../support/temp.ts';
import { basicAuthorization, TOKEN_PATH, tokenForm } from './requests.ts';

export interface WrkLoad {
  readonly port: number;
  readonly client: Credentials;
  readonly resource: string;
  readonly seconds: number;
}

/** Why there is none; `undefined` when there is. */
export function withoutWrk(): string | undefined {
  try {
    ensureInstalled(() => missingPrograms({ wrk: 'wrk' }));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'wrk could not be installed';
  }
}

/** Twice as many as keep two workers busy. */
const CONNECTIONS = 32;

/** How many tokens came in that time. Throws when one did not. */
export async function runWrk({ port, client, resource, seconds }: WrkLoad) {
  const script = join(tempDir('wrk'), 'token.lua');
  writeFileSync(script, tokenScript(client, resource));
  const url = `http://127.0.0.1:${port}${TOKEN_PATH}`;
  const options = ['--threads', '1', '--connections', String(CONNECTIONS), '--duration', `${seconds}s`];
  const wrk = spawn('wrk', [...options, '--script', script, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(wrk.stdout), once(wrk, 'exit')]);
  const [, requests, microseconds, failed] = /^result (\d+) (\d+) (\d+)$/m.exec(said) ?? [];
  if (requests === undefined || failed !== '0') throw new Error(`wrk did not get its tokens:\n${said}`);
  return { requests: Number(requests), seconds: Number(microseconds) / 1e6 };
}

function tokenScript(client: Credentials, resource: string): string {
  return `
    wrk.method = "POST"
    wrk.body = "${tokenForm(resource)}"
    wrk.headers["Authorization"] = "${basicAuthorization(client)}"
    wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
    function done(summary)
      local e = summary.errors
      local failed = e.connect + e.read + e.write + e.status + e.timeout
      io.write(string.format("result %d %d %d\\n", summary.requests, summary.duration, failed))
    end`;
}
