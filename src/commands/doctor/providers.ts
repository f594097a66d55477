/** The upstream providers: whether each one's discovery document can be read. Nothing is registered there. */
import { type Finding, failed, ok } from '../../lib/finding.ts';
import type { OidcUpstream } from '../../providers/oidc-upstream.ts';
import { UpstreamFailure } from '../../registration/upstream.ts';
import type { Check } from './check.ts';

export const providers: Check = async ({ config }) => {
  if (Object.values(config.providers).every(({ type }) => type === 'local')) {
    return [ok('providers', 'none upstream')];
  }
  const { openUpstreams } = await import('../../compose/upstreams.ts');
  const { failureInWords } = await import('../../providers/check-provider.ts');
  const { byName, close } = await openUpstreams(config, () => {});
  const look = async (name: string, upstream: OidcUpstream): Promise<Finding> => {
    const check = `provider ${name}`;
    try {
      await upstream.discover();
      return ok(check, 'its discovery document can be read');
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      const remedy = `run dcr-bridge providers check ${name}, and put providers.${name} right`;
      return failed(check, failureInWords(error), remedy);
    }
  };
  try {
    return await Promise.all([...byName].map(([name, upstream]) => look(name, upstream)));
  } finally {
    close();
  }
};
