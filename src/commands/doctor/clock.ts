/** The clock: against the store's, and whether something keeps it right, where that can be seen without rights. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isDevelopmentIssuer } from '../../config/issuer.ts';
import { type Finding, failed, ok, warning } from '../../lib/finding.ts';
import type { Check } from './check.ts';

const CHECK = 'clock';
const ASK_TIMEOUT_MS = 1000;
/** What a round trip over a busy network may make of two clocks that agree. */
const SLACK_MS = 500;

export const clock: Check = async ({ config, store: { clockAheadMs } }) => [
  ...(clockAheadMs === undefined ? [] : [againstStore(clockAheadMs, config.clock_skew_seconds)]),
  kept(await isSynchronised(), isDevelopmentIssuer(config.issuer)),
];

function againstStore(aheadMs: number, skewSeconds: number): Finding {
  const apart = Math.abs(aheadMs);
  const found = `${(apart / 1000).toFixed(1)} s ${aheadMs > 0 ? 'behind' : 'before'} Redis's`;
  if (apart <= SLACK_MS) return ok(CHECK, 'in step with Redis');
  const remedy = 'set both by NTP: nodes may be apart by CLOCK_SKEW_SECONDS at most';
  return apart < skewSeconds * 1000 ? warning(CHECK, found, remedy) : failed(CHECK, found, remedy);
}

function kept(synchronised: boolean | undefined, development: boolean): Finding {
  if (synchronised) return ok('NTP', 'synchronised');
  const remedy = 'run chrony or systemd-timesyncd on the machine: tokens carry its time';
  if (synchronised === false) return warning('NTP', 'the clock is not synchronised', remedy);
  const found = 'can not be seen from here';
  return development ? ok('NTP', found) : warning('NTP', found, remedy);
}

/** `undefined`: nobody here knows. */
async function isSynchronised(): Promise<boolean | undefined> {
  if (existsSync('/run/systemd/timesync/synchronized')) return true;
  const said = await output('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']);
  if (said === 'yes' || said === 'no') return said === 'yes';
  const leap = /^Leap status\s*:\s*(.+)$/m.exec(await output('chronyc', ['-n', 'tracking']))?.[1];
  return leap === undefined ? undefined : leap !== 'Not synchronised';
}

function output(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: ASK_TIMEOUT_MS }, (error, stdout) =>
      resolve(error ? '' : stdout.trim()),
    );
  });
}
