/**
 * What the configuration's shape has room for and this version does not do yet. Each is refused at start:
 * a setting that is accepted and has no effect is worse than one that is missing. When a feature is there,
 * remove its row and what its description says about "this version".
 */
import type { KnownConfig } from './known-config.ts';
import type { Finding } from './problems.ts';

export const NOT_YET: readonly ((known: KnownConfig) => readonly Finding[])[] = [
  function publicTls(known) {
    return (['public_tls_cert_file', 'public_tls_key_file'] as const)
      .filter((member) => known[member] !== undefined)
      .map((member) => ({ path: [member], message: 'is not supported by this version: end TLS in front' }));
  },
];
