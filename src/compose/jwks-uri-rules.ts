/** Which `jwks_uri` the clients of a portal may have, as the configuration says. */
import type { JwksUriRules } from '../clients/jwks-uri.ts';
import { policyOf } from '../config/policy.ts';
import type { Config } from '../config/schema.ts';
import { addressGuard } from '../providers/outbound/address-guard.ts';

export function jwksUriRules(config: Config): (portal: string) => JwksUriRules {
  const allowLoopback = config.allow_insecure_client_jwks;
  const isAllowedAddress = addressGuard({ networks: config.client_jwks_networks, loopback: allowLoopback });
  return (portal) => ({ hosts: policyOf(config, portal).jwks_uri_hosts, allowLoopback, isAllowedAddress });
}
