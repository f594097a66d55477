/**
 * A key can open one portal only. Keys are random, so this happens when an operator gives one key of his
 * own to two portals; it is an error and no outcome, because "exists" would read as "all is well".
 */
import type { PortalName } from '../portals/portal-name.ts';

export function keyTaken(name: PortalName): Error {
  return new Error(`a key of portal "${name}" already opens another portal; give each portal its own keys`);
}
