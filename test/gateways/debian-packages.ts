/**
 * What these tests run beside the service, as Debian packages it. A test that misses one fails and says
 * which: to skip would be to claim what nobody saw.
 */
import { existsSync } from 'node:fs';

/** The file that shows that a package is there. */
const PROOF = {
  apache2: '/usr/sbin/apache2',
  'libapache2-mod-oauth2': '/usr/lib/apache2/modules/mod_oauth2.so',
  'libapache2-mod-auth-openidc': '/usr/lib/apache2/modules/mod_auth_openidc.so',
  haproxy: '/usr/sbin/haproxy',
  curl: '/usr/bin/curl',
  'python3-authlib': '/usr/lib/python3/dist-packages/authlib',
  // authlib speaks HTTP through it, and its package does not depend on it.
  'python3-requests': '/usr/lib/python3/dist-packages/requests',
  'python3-jwt': '/usr/lib/python3/dist-packages/jwt',
  // PyJWT verifies RSA and elliptic signatures with it; its package only recommends it.
  'python3-cryptography': '/usr/lib/python3/dist-packages/cryptography',
} as const;

export type DebianPackage = keyof typeof PROOF;

/** Those of them that are not installed; all are looked for when none is named. */
export function missingPackages(
  wanted: readonly DebianPackage[] = Object.keys(PROOF) as DebianPackage[],
): DebianPackage[] {
  return wanted.filter((name) => !existsSync(PROOF[name]));
}

/** Throws, with the command that helps, when one of them is not installed. */
export function requirePackages(...wanted: readonly DebianPackage[]): void {
  const missing = missingPackages(wanted);
  if (missing.length === 0) return;
  throw new Error(`this test needs Debian packages that are missing: apt-get install ${missing.join(' ')}`);
}
