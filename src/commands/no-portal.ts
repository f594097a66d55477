/** What every command says of a portal that is not there. */
import type { PortalName } from '../portals/portal-name.ts';

export function noPortal(portal: PortalName): string {
  return `there is no portal ${portal}; portals list shows those there are`;
}
