/** By which names callers may reach the service. */
import { ok, warning } from '../../lib/finding.ts';
import type { Check } from './check.ts';

export const hosts: Check = ({ config: { allowed_hosts: allowed } }) => {
  const check = 'host names';
  if (!allowed.includes('*')) {
    return [ok(check, ['those of ISSUER and MANAGEMENT_URL', ...allowed].join(', '))];
  }
  const found = 'any is taken, also one that somebody else points here (DNS rebinding)';
  return [warning(check, found, 'name the hosts in ALLOWED_HOSTS instead of "*"')];
};
