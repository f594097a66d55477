/** `dcr-bridge keys list`: the timeline of each key, the latest change at the end. */
import { awaitedReaders, type ExpectedReaders, seenBy } from '../keys/adoption.ts';
import type { OpenedRing } from '../keys/opened-ring.ts';
import type { Sighting } from '../keys/reader-store.ts';
import { isPublished, type RingKey } from '../keys/ring.ts';
import type { RingContext } from '../keys/ring-context.ts';
import { kekId } from '../keys/ring-document.ts';
import { printRows, type Row, utc } from './print.ts';

/** Who has seen a key, and who has yet to before it signs. */
export interface Adoption {
  readonly expected: ExpectedReaders;
  readonly sightings: readonly Sighting[];
}

export function printKeys(
  { ring, kek }: OpenedRing,
  context: RingContext,
  adoption: Adoption,
  json: boolean,
): void {
  const rows = ring.keys.map((key) => rowOf(key, adoption));
  if (!json) {
    printRows('keys', rows, false);
    process.stdout.write(
      `\nring ${ring.ring_id}, version ${ring.version}, sealed under ${kekId(kek)}${advice(kek, context)}\n`,
    );
    return;
  }
  const whole = {
    ring_id: ring.ring_id,
    version: ring.version,
    kek_id: kekId(kek),
    previous_kek_removable: context.previousKek === undefined || kek !== context.previousKek,
    keys: rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== NONE))),
  };
  process.stdout.write(`${JSON.stringify(whole)}\n`);
}

const NONE = '-';

function rowOf(key: RingKey, { expected, sightings }: Adoption): Row {
  const { kid, alg, state, activates_at } = key;
  return {
    kid,
    alg,
    state,
    signs: state === 'active',
    announced_at: utc(key.announced_at ?? key.created_at),
    activates_at: utc(activates_at),
    retires_at: key.retires_at === undefined ? NONE : utc(key.retires_at),
    ended_at: key.ended_at === undefined ? NONE : utc(key.ended_at),
    seen_by: isPublished(key) ? namesOf(seenBy(key, sightings)) : NONE,
    waits_for: key.state === 'announced' ? namesOf(awaitedReaders(key, expected, sightings)) : NONE,
  };
}

function namesOf(readers: readonly string[]): string {
  return readers.length === 0 ? NONE : [...readers].sort().join(',');
}

function advice(kek: OpenedRing['kek'], { previousKek }: RingContext): string {
  if (previousKek === undefined) return '';
  return kek === previousKek
    ? ', the previous key-encryption key: run dcr-bridge keys rewrap'
    : ', the present key-encryption key: KEY_ENCRYPTION_KEY_PREVIOUS can be removed';
}
