/** From the plan to the ring: which steps are due now, and the ring after them, new keys made and sealed. */
import type { KeyEncryptionKey } from './derive.ts';
import { dueSteps, nextAnnounced, type Step } from './due-steps.ts';
import { generateKey } from './generate-ring.ts';
import { activated, announced, ended } from './key-life.ts';
import type { OpenedRing } from './opened-ring.ts';
import { nextVersion, type Ring, type RingKey } from './ring.ts';
import type { RingContext } from './ring-context.ts';

type Context = Pick<RingContext, 'algs' | 'life' | 'now' | 'upkeep' | 'isCertain'>;

/** Throws `StoreUnavailable` when a key waits for its readers and the store can't say who has seen it. */
export async function stepsDue(
  { upkeep, algs, now, life, isCertain = () => true }: Context,
  ring: Ring,
): Promise<readonly Step[]> {
  if (upkeep === undefined) return [];
  const nowSeconds = now();
  const awaited = new Set<string>();
  for (const { kid, ...key } of nextAnnounced(ring)) {
    const isTime = nowSeconds >= key.activates_at && nowSeconds < key.activates_at + life.readerWaitSeconds;
    if (isTime && (await upkeep.isAwaited({ kid, ...key }))) awaited.add(kid);
  }
  const steps = dueSteps(ring, algs, nowSeconds, life, ({ kid }) => awaited.has(kid)).filter(isCertain);
  return steps.length > 0 && (await upkeep.leads()) ? steps : [];
}

export async function carriedOut(
  context: Context,
  { ring, kek }: Pick<OpenedRing, 'ring' | 'kek'>,
  steps: readonly Step[],
): Promise<Ring> {
  let keys: readonly RingKey[] = ring.keys;
  for (const step of steps) keys = await after(context, { version: ring.version, kek }, keys, step);
  return nextVersion(ring, keys);
}

async function after(
  { life, now }: Context,
  { version, kek }: { readonly version: number; readonly kek: KeyEncryptionKey },
  keys: readonly RingKey[],
  step: Step,
): Promise<readonly RingKey[]> {
  switch (step.act) {
    case 'announce':
      return announced(keys, await generateKey(kek, step.alg), now(), life, version + 1);
    case 'activate':
      return activated(keys, step.kid, now(), life, { forced: false });
    case 'retire':
      return ended(keys, step.kid, 'retired', now());
  }
}
