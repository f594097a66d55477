/** Of each algorithm that something is signed with: who signs, and what comes next. */
import { keyLifeOf } from '../../config/key-life.ts';
import { awaitedReaders, expectedReaders } from '../../keys/adoption.ts';
import { nextAnnounced } from '../../keys/due-steps.ts';
import type { Sighting } from '../../keys/reader-store.ts';
import type { Ring, RingKey } from '../../keys/ring.ts';
import { FIRST_ALGS, type SigningAlg } from '../../keys/signing-alg.ts';
import { type Finding, failed, ok, warning } from '../../lib/finding.ts';
import { utc } from '../print.ts';
import type { Check, Examined } from './check.ts';

const HOUR_SECONDS = 60 * 60;
/** As long as a gateway may keep a key by its kid (APISIX: 24 h). */
const TAINT_LASTS_SECONDS = 24 * HOUR_SECONDS;
/** A rotation that did not happen for so long does not happen by itself. */
const OVERDUE_SECONDS = 2 * HOUR_SECONDS;

export const signingKeys: Check = async (examined) => {
  const { ring, config, store } = examined;
  if (ring === undefined) return [];
  const used = new Set(Object.values(config.resources).map(({ signing_alg }) => signing_alg));
  const sightings = (await store.contents?.readers.readSightings()) ?? [];
  return [
    ...[...new Set([...FIRST_ALGS, ...used])].map((alg) =>
      ofAlg(alg, ring, examined, sightings, used.has(alg)),
    ),
    ...tainted(ring, examined.nowSeconds),
  ];
};

function ofAlg(
  alg: SigningAlg,
  ring: Ring,
  { config, nowSeconds }: Examined,
  sightings: readonly Sighting[],
  isUsed: boolean,
): Finding {
  const check = `signing key ${alg}`;
  const active = ring.keys.find((key) => key.alg === alg && key.state === 'active');
  const next = nextAnnounced(ring).find((key) => key.alg === alg);
  if (active === undefined) {
    const found = next ? `none signs before ${utc(next.activates_at)}` : 'there is none';
    const remedy = next
      ? `wait, or run dcr-bridge keys activate ${alg} --force`
      : `run dcr-bridge keys announce ${alg}`;
    return isUsed ? failed(check, found, remedy) : warning(check, found, remedy);
  }
  const awaited = next
    ? awaitedReaders(next, expectedReaders(Object.values(config.resources)), sightings)
    : [];
  const late = next !== undefined && nowSeconds > next.activates_at;
  if (late && awaited.length > 0) {
    return warning(
      check,
      `${brief(next)} is due and waits for ${awaited.join(', ')}`,
      `let them fetch the JWKS with ?reader=NAME, or take them out of "readers", or run dcr-bridge keys activate ${alg} --force`,
    );
  }
  const changesAt = next?.activates_at ?? rotatesAt(active, keyLifeOf(config).rotationSeconds);
  if (changesAt !== undefined && nowSeconds > changesAt + OVERDUE_SECONDS) {
    const remedy = 'see that a service runs on STORE_URL and can write KEYS_DIR; its log says what keeps it';
    return warning(check, `${brief(active)} should have been followed on ${utc(changesAt)}`, remedy);
  }
  const then =
    changesAt === undefined ? 'no rotation (KEY_ROTATION_DAYS)' : `the next signs from ${utc(changesAt)}`;
  const waits = awaited.length > 0 ? `, if ${awaited.join(', ')} has fetched it` : '';
  return ok(check, `${brief(active)} since ${utc(active.activates_at)}; ${then}${waits}`);
}

function rotatesAt({ activates_at }: RingKey, rotationSeconds: number): number | undefined {
  return rotationSeconds === 0 ? undefined : activates_at + rotationSeconds;
}

function brief({ kid }: RingKey): string {
  return kid.slice(0, 8);
}

function tainted(ring: Ring, nowSeconds: number): readonly Finding[] {
  const recent = ring.keys.filter(
    ({ state, ended_at = 0 }) => state === 'tainted' && nowSeconds - ended_at < TAINT_LASTS_SECONDS,
  );
  return recent.map((key) =>
    warning(
      'tainted key',
      `${brief(key)} (${key.alg}) since ${utc(key.ended_at ?? 0)}`,
      'empty the caches of gateways that keep keys by kid, as keys taint said; this line goes after a day',
    ),
  );
}
