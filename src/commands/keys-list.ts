/** `dcr-bridge keys list`: the timeline of each key, the latest change at the end. */
import type { OpenedRing } from '../keys/opened-ring.ts';
import type { RingKey } from '../keys/ring.ts';
import type { RingContext } from '../keys/ring-context.ts';
import { kekId } from '../keys/ring-document.ts';
import { printRows, type Row, utc } from './print.ts';

export function printKeys({ ring, kek }: OpenedRing, context: RingContext, json: boolean): void {
  const rows = ring.keys.map(rowOf);
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

function rowOf(key: RingKey): Row {
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
  };
}

function advice(kek: OpenedRing['kek'], { previousKek }: RingContext): string {
  if (previousKek === undefined) return '';
  return kek === previousKek
    ? ', the previous key-encryption key: run dcr-bridge keys rewrap'
    : ', the present key-encryption key: KEY_ENCRYPTION_KEY_PREVIOUS can be removed';
}
