/**
 * `dcr-bridge doctor`: looks at everything that the service stands on, beside it or before it starts, and says
 * of each thing how it is and what to do. It changes nothing, and it ends, whatever hangs.
 */
import type { Finding } from '../lib/finding.ts';
import { failed, ok, warning } from '../lib/finding.ts';
import { inspectStore, type StoreInspection } from '../stores/inspection.ts';
import type { Invocation } from './commands.ts';
import type { Check, Examined } from './doctor/check.ts';
import { clock } from './doctor/clock.ts';
import { hosts } from './doctor/hosts.ts';
import { inWords } from './doctor/in-words.ts';
import { issuer } from './doctor/issuer.ts';
import { lookAtKeys } from './doctor/keys.ts';
import { listeners } from './doctor/listeners.ts';
import { machine } from './doctor/machine.ts';
import { openOperations } from './doctor/open-operations.ts';
import { portals } from './doctor/portals.ts';
import { findingsText } from './doctor/print-findings.ts';
import { providers } from './doctor/providers.ts';
import { signingKeys } from './doctor/signing-keys.ts';
import { printRows } from './print.ts';
import { atMost } from './usage-error.ts';

/** In the order in which they are printed. The store and the keys come before: the others ask them. */
const CHECKS: ReadonlyMap<string, Check> = new Map([
  ['signing keys', signingKeys],
  ['clock', clock],
  ['listeners', listeners],
  ['issuer', issuer],
  ['host names', hosts],
  ['portals', portals],
  ['providers', providers],
  ['open operations', openOperations],
  ['machine', machine],
]);

/** Together with what a look at a store may take (a hung Redis, a large file), less than ten seconds. */
const CHECK_TIMEOUT_MS = 4000;

export async function doctor({ config, warnings, args, json }: Invocation): Promise<number> {
  atMost(0, args);
  const store = await inspectStore(config.store_url);
  try {
    const keys = await lookAtKeys(config, store.contents);
    const examined = { config, warnings, store, ring: keys.ring, nowSeconds: Math.floor(Date.now() / 1000) };
    const checked = await Promise.all([...CHECKS].map(([name, check]) => inTime(name, check, examined)));
    const findings = [
      ...configuration(warnings),
      ...durabilityAs(config.require_durable_store, store),
      ...keys.findings,
      ...checked.flat(),
    ];
    if (json)
      printRows(
        'checks',
        findings.map((finding) => ({ ...finding })),
        true,
      );
    else process.stdout.write(findingsText(findings));
    return findings.some(({ result }) => result === 'failed') ? 1 : 0;
  } finally {
    store.close();
  }
}

/** One that is not valid came to no check: all commands refuse it, with every problem. */
function configuration(warnings: readonly string[]): readonly Finding[] {
  const check = 'configuration';
  if (warnings.length === 0) return [ok(check, 'valid')];
  return warnings.map((found) => warning(check, found, 'see the setting that it names in config/README.md'));
}

/** Where the service would refuse to start on it. */
function durabilityAs(required: boolean, { findings }: StoreInspection): readonly Finding[] {
  return findings.map((finding) => {
    const isWeak = finding.check === 'store durability' && finding.result === 'warning';
    if (!required || !isWeak) return finding;
    return failed(finding.check, `${finding.found} (REQUIRE_DURABLE_STORE is set)`, finding.remedy);
  });
}

async function inTime(name: string, check: Check, examined: Examined): Promise<readonly Finding[]> {
  const { promise, resolve } = Promise.withResolvers<readonly Finding[]>();
  const late = failed(
    name,
    `not seen within ${CHECK_TIMEOUT_MS / 1000} s`,
    'look at what it asks for, and run doctor again',
  );
  const timer = setTimeout(() => resolve([late]), CHECK_TIMEOUT_MS);
  try {
    return await Promise.race([check(examined), promise]);
  } catch (error) {
    return [inWords((found, remedy) => failed(name, found, remedy), error, 'see what is said of the store')];
  } finally {
    clearTimeout(timer);
  }
}
