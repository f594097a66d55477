/** The refusal of a create for which there is no room: in its portal's quota, or in that of all portals. */
import { Refusal } from '../lib/refusal.ts';

const STORE_FULL =
  'This service has as many clients as it may have, over all portals; ask its operator for more room.';

export function noRoom(full: 'quota_exceeded' | 'store_full'): Refusal {
  return new Refusal('quota_exceeded', full === 'store_full' ? { detail: STORE_FULL } : {});
}
