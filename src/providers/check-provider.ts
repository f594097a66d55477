/**
 * Tries a provider as the bridge uses it: its discovery document, the credential that registers, and a client
 * that is made and removed again. The client's name says what it is, for whoever finds one that was left.
 */
import { clientMetadata } from '../clients/metadata.ts';
import { UpstreamFailure } from '../registration/upstream.ts';
import type { OidcUpstream } from './oidc-upstream.ts';

export interface CheckedStep {
  readonly step: 'discovery' | 'credential' | 'create' | 'delete';
  readonly result: 'ok' | 'failed' | 'skipped';
  readonly ms: number;
  readonly detail: string;
}

const PROBE = clientMetadata.parse({ client_name: 'dcr-bridge probe, may be deleted' });

/** Ends at the first step that fails. `marker` is what the probe is registered under. */
export async function checkProvider(
  upstream: OidcUpstream,
  marker: string,
  nowMs: () => number,
): Promise<readonly CheckedStep[]> {
  const steps: CheckedStep[] = [];
  const add = async (step: CheckedStep['step'], act: () => Promise<string>, left = ''): Promise<boolean> => {
    const startedAtMs = nowMs();
    const done = (result: CheckedStep['result'], detail: string) =>
      steps.push({ step, result, ms: Math.round(nowMs() - startedAtMs), detail });
    try {
      done('ok', await act());
      return true;
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      done('failed', `${failureInWords(error)}${left}`);
      return false;
    }
  };
  const found = await add('discovery', async () => {
    await upstream.discover();
    return upstream.issuer;
  });
  const authorized = found && (await add('credential', () => upstream.authorize().then(() => '')));
  if (!authorized) return steps;
  if (!upstream.manageable) {
    const detail = 'a client could not be removed again: this provider gives no way to manage one';
    return [...steps, { step: 'create', result: 'skipped', ms: 0, detail }];
  }
  let client: Awaited<ReturnType<OidcUpstream['register']>> | undefined;
  await add('create', async () => {
    client = await upstream.register(PROBE, marker);
    return client.client_id;
  });
  const made = client;
  if (made !== undefined) {
    await add('delete', () => upstream.remove(made), `; remove it there: ${made.client_id}`);
  }
  return steps;
}

/** Why, and what is known of it: never the provider's text beyond its own error. */
export function failureInWords({
  reason,
  outcome,
  cause,
  upstreamError,
  upstreamErrorDescription,
}: UpstreamFailure): string {
  const evidence = cause instanceof Error ? ` (${cause.message})` : '';
  const own = [upstreamError, upstreamErrorDescription].filter((text) => text !== undefined).join(': ');
  const unknown = outcome === 'unknown' ? '; it may have been done all the same' : '';
  return `${reason}${evidence}${own === '' ? '' : `: ${own}`}${unknown}`;
}
