/** The name of a portal, a tenant: chosen by the operator, used in logs, metrics and the configuration. */
import type { Branded } from '../lib/brand.ts';

export type PortalName = Branded<string, 'PortalName'>;

export const PORTAL_NAME_RULE = '1 to 63 of A-Z, a-z, 0-9, ".", "-" and "_", starting with a letter or digit';
const PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export function isPortalName(text: string): text is PortalName {
  return PATTERN.test(text);
}
