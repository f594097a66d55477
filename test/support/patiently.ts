/**
 * Sends as a portal does that was told 503: again, after the time that it was told, under its idempotency key.
 * A commit that missed its deadline on a busy machine is refused so; whoever gives up then has seen nothing.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './bridge.ts';
import { assertRefusal } from './refusal.ts';

const TRIES = 10;

export async function patiently(send: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await send();
    if (answer.status !== 503) return answer;
    assertRefusal(answer, { status: 503, error: 'temporarily_unavailable' });
    assert.ok(attempt < TRIES, `still unavailable after ${TRIES} tries`);
    await sleep(Number(answer.headers.get('retry-after')) * 1000);
  }
}
