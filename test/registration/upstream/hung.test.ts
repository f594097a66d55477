/**
 * S-UP-06 at the service: what a provider that hangs takes from registrations at another one and from tokens.
 * Compared on this machine and in this minute, so that a busy one makes both slower.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type BesideHung, measureBesideHung } from '../../bench/beside-hung.ts';
import { upstreamConfig } from '../../bench/upstream.ts';
import { send } from '../../support/bridge.ts';
import { API } from '../../support/domain.ts';
import { eventually } from '../../support/eventually.ts';
import { measuredAgain } from '../../support/in-time.ts';
import { startService } from '../../support/service.ts';
import { startUpstream } from '../../support/upstream.ts';

/** Whatever they would share with the calls that hang (pool, place, transaction) they would wait for: 1.5 s and more. */
const TIMES = 4;
const LEAST_MS = 100;

/** Each time with providers and a service of its own: the circuit of the one that hung stays open. */
async function measured(t: TestContext): Promise<BesideHung> {
  const [working, hung] = await Promise.all([startUpstream(), startUpstream()]);
  t.after(() => Promise.all([working.stop(), hung.stop()]));
  const service = await startService({
    config: upstreamConfig({ working, hung }),
    env: { IAT: working.initialAccessToken },
  });
  t.after(() => service.stop());
  // What is registered hangs then, and not the one reading of its discovery document that all would wait for.
  await eventually(async () => {
    const { body } = await send(`${service.opsUrl}/readyz`);
    assert.equal(body.providers.hung.status, 'up');
  }, 5_000);
  hung.proxy.swallowReplies();
  return measureBesideHung(service, { working: 'working', hung: 'hung' }, API);
}

test('S-UP-06: 20 callers at a provider that hangs move the p99 neither of another provider nor of tokens', async (t) => {
  // Two hundred requests have a p99 of two: a machine that stands still moves it once, what is shared every time.
  await measuredAgain(
    () => measured(t),
    ({ without, beside, hungAnswers }) => {
      t.diagnostic(JSON.stringify({ without, beside, hungAnswers }));
      assert.ok((hungAnswers[504] ?? 0) >= 16, 'as many hung as may be under way at once');
      assert.deepEqual(Object.keys(hungAnswers), ['503', '504'], 'and then it was left alone');
      const late = (['registrationP99Ms', 'tokenP99Ms'] as const).filter(
        (road) => beside[road] > Math.max(TIMES * without[road], LEAST_MS),
      );
      if (late.length === 0) return undefined;
      return `${late}: ${JSON.stringify(beside)} beside, ${JSON.stringify(without)} without`;
    },
  );
});
