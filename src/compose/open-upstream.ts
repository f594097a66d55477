/** One upstream provider's driver, put together from what is configured of it. It calls nobody yet. */
import { readFileSync } from 'node:fs';
import type { ProviderConfig } from '../config/schema.ts';
import { createDiscovery } from '../providers/discovery.ts';
import {
  fetchedCredential,
  type InitialCredential,
  staticCredential,
} from '../providers/initial-credential.ts';
import { type CallObservation, createOidcUpstream } from '../providers/oidc-upstream.ts';
import type { TlsFiles } from '../providers/outbound/guarded-agent.ts';
import { createOutbound, type Outbound } from '../providers/outbound/outbound.ts';
import { type Preset, presetOf } from '../providers/presets.ts';
import { trackHealth } from '../providers/provider-health.ts';

type OidcConfig = Extract<ProviderConfig, { type: 'oidc' }>;

export const nowMs = () => performance.timeOrigin + performance.now();

/** Throws when a file can't be read. */
export function openUpstream(name: string, provider: OidcConfig, observe: (call: CallObservation) => void) {
  const rules = {
    issuer: provider.issuer,
    allowedHosts: provider.allowed_hosts,
    allowInsecureLoopback: provider.allow_insecure_loopback,
  };
  const outbound = createOutbound({
    networks: provider.allow_networks,
    allowLoopback: provider.allow_insecure_loopback,
    maxConcurrent: provider.max_concurrent,
    maxWaitMs: provider.timeout_ms / 2,
    tls: tlsFiles(name, provider),
    nowMs,
  });
  const discovery = createDiscovery({
    ...rules,
    algorithm: provider.discovery,
    registrationEndpoint: provider.registration_endpoint,
    outbound,
    nowMs,
  });
  const preset = presetFor(provider);
  const tracked = trackHealth(outbound.circuit);
  const upstream = createOidcUpstream({
    ...rules,
    preset,
    searchUrl: provider.search,
    outbound,
    discovery,
    credential: credentialOf(provider, preset, outbound),
    timeoutMs: provider.timeout_ms,
    nowMs,
    observe: (call) => {
      tracked.observe(call);
      observe(call);
    },
  });
  return { name, outbound, discovery, upstream, health: tracked.health };
}

/** The preset's row with what the configuration says otherwise. */
function presetFor({ preset, marker, extension_members, unasked_scopes }: OidcConfig): Preset {
  const row = presetOf(preset);
  return {
    ...row,
    marker: marker ?? row.marker,
    extensionMembers: [...row.extensionMembers, ...extension_members],
    unaskedScopes: [...row.unaskedScopes, ...unasked_scopes],
  };
}

function credentialOf(provider: OidcConfig, preset: Preset, outbound: Outbound): InitialCredential {
  const { token_client, issuer, allow_insecure_loopback: allowInsecureLoopback } = provider;
  if (token_client === undefined) return staticCredential(preset.scheme, provider.initial_access_token);
  const { tokenUse } = preset;
  return fetchedCredential({
    client: token_client,
    issuer,
    allowInsecureLoopback,
    outbound,
    tokenUse,
    nowMs,
  });
}

function tlsFiles(name: string, provider: OidcConfig): TlsFiles {
  const read = (member: 'ca_file' | 'client_cert_file' | 'client_key_file') => {
    const file = provider[member];
    if (file === undefined) return undefined;
    try {
      return readFileSync(file, 'utf8');
    } catch (cause) {
      throw new Error(`providers.${name}.${member} can't be read`, { cause });
    }
  };
  return { ca: read('ca_file'), cert: read('client_cert_file'), key: read('client_key_file') };
}
