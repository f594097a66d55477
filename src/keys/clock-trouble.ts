/**
 * Why the keys change later than they should: the clock was wrong when the node was started, or when the ring was
 * written. Nothing is done about it by itself, because which time is right can't be known here; what an operator
 * does about it is said. Pure.
 */
import type { Ring, RingKey } from './ring.ts';

/** Less apart is what reading clocks in whole seconds makes of them. */
const SLACK_SECONDS = 5;

/** `heldBySeconds`: the time that the keys go by, `wallSeconds`: the clock's. Between nodes `clockSkewSeconds` are allowed. */
export function clockTrouble(
  ring: Ring,
  wallSeconds: number,
  heldBySeconds: number,
  clockSkewSeconds: number,
): Error | undefined {
  if (wallSeconds > heldBySeconds + SLACK_SECONDS) return new Error(SET_FORWARD);
  const ahead = ring.keys.filter((key) => writtenAt(key) > wallSeconds + clockSkewSeconds + SLACK_SECONDS);
  if (ahead.length === 0) return undefined;
  const kids = ahead.map(({ kid, state }) => `${kid.slice(0, 8)} (${state})`).join(', ');
  return new Error(`${kids} ${DATED_AHEAD}`);
}

const SET_FORWARD =
  "this machine's clock went forward while the node ran, and nothing but that clock says that it is right now: if it is, restart the node";
const DATED_AHEAD =
  'carries a time that is still to come: if this clock is right, the one that wrote it was ahead; ' +
  'dcr-bridge keys retire KID takes back what is announced, then dcr-bridge keys announce ALG begins the next key';

/** When it became what it is; of keys that only wait to go it does not matter. */
function writtenAt({ state, created_at, announced_at = created_at, activates_at }: RingKey): number {
  if (state === 'announced') return announced_at;
  return state === 'active' ? activates_at : 0;
}
