/** The ring in the store against this node's copy: what a start would decide, said beforehand. */
import type { OpenedRing } from '../../keys/opened-ring.ts';
import { reconcile } from '../../keys/reconcile.ts';
import { lost } from '../../keys/synchronise.ts';
import { type Finding, failed, ok, warning } from '../../lib/finding.ts';
import type { StoreContents } from '../../stores/inspection.ts';

const RING = 'key ring';

/** Throws `RingError` where a start would, `StoreUnavailable`. */
export async function compareRings(
  stored: OpenedRing | undefined,
  copy: OpenedRing | undefined,
  path: string,
  rings: Pick<StoreContents['rings'], 'isUnused'>,
): Promise<{ readonly findings: readonly Finding[]; readonly ring: OpenedRing | undefined }> {
  const decision = reconcile(stored, copy, path);
  if (decision.action === 'create_or_refuse') {
    if (!(await rings.isUnused())) throw lost(path);
    return { findings: [ok(RING, 'none yet: the first start makes it')], ring: undefined };
  }
  const { version } = decision.copy.ring;
  return { findings: [finding()], ring: decision.copy };

  function finding(): Finding {
    if (decision.action === 'write_ours') {
      const found =
        stored === undefined
          ? `the store has lost its ring; ${path} holds version ${version}`
          : `the store holds version ${stored.ring.version}, ${path} the newer ${version}`;
      const remedy =
        'look for what emptied or rolled back the store of STORE_URL; a running node puts its copy back';
      return failed(RING, found, remedy);
    }
    if (copy === undefined) return ok(RING, `version ${version} in the store; no copy in KEYS_DIR yet`);
    if (copy.ring.version === version) return ok(RING, `version ${version} in the store and in KEYS_DIR`);
    return warning(
      RING,
      `version ${version} in the store, ${copy.ring.version} in ${path}`,
      'start the service here: it takes the newer one, or says why KEYS_DIR can not be written',
    );
  }
}
