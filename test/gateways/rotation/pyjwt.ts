/** PyJWT with its PyJWKClient as it comes, in one process that lives as long as an API in Python would. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endWithProcess } from '../../support/end-with-process.ts';
import type { Verify } from './verifiers.ts';

const SCRIPT = join(import.meta.dirname, '../../clients-outside/verify_tokens.py');

/** Verifies for one audience. */
export function startPyJwt(
  jwksUri: string,
  issuer: string,
  audience: string,
): { verify: Verify; stop(): void } {
  const child = spawn('/usr/bin/python3', ['-u', SCRIPT, jwksUri, issuer, audience], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endWithProcess(child);
  const waiting: ((answer: string) => void)[] = [];
  createInterface(child.stdout).on('line', (line) => waiting.shift()?.(line));
  // What it does not answer any more is refused.
  child.once('exit', () => {
    for (const answer of waiting.splice(0)) answer('PyJWT has ended');
  });
  return {
    verify: async (token) => {
      const answer = await new Promise<string>((resolve) => {
        waiting.push(resolve);
        child.stdin.write(`${token}\n`);
      });
      if (!answer.startsWith('{"claims"')) throw new Error(answer);
    },
    stop: () => void child.stdin.end(),
  };
}
