/** `dcr-bridge providers check`: tries the upstream providers from where the operator stands. */
import { randomBytes } from 'node:crypto';
import type { Invocation } from './commands.ts';
import { printRows, type Row } from './print.ts';
import { atMost, UsageError } from './usage-error.ts';

export async function manageProviders({ config, args, json }: Invocation): Promise<number> {
  const [act, name, ...rest] = args;
  if (act !== 'check') throw new UsageError('say one of: check');
  atMost(0, rest);
  const upstream = Object.entries(config.providers).flatMap(([known, { type }]) =>
    type === 'oidc' ? [known] : [],
  );
  if (name !== undefined && !upstream.includes(name)) {
    const known = upstream.length === 0 ? 'none is configured' : `there are ${upstream.join(', ')}`;
    throw new UsageError(`NAME must be an upstream provider; ${known}`);
  }
  const rows = await check(config, name === undefined ? upstream : [name]);
  printRows('providers', rows, json);
  return rows.some(({ result }) => result === 'failed') ? 1 : 0;
}

async function check(config: Invocation['config'], names: readonly string[]): Promise<readonly Row[]> {
  const { openUpstreams } = await import('../compose/upstreams.ts');
  const { checkProvider } = await import('../providers/check-provider.ts');
  const upstreams = await openUpstreams(config, () => {});
  try {
    const checked = names.map(async (provider) => {
      const upstream = upstreams.byName.get(provider);
      const marker = `dcr-bridge-probe-${randomBytes(8).toString('hex')}`;
      const steps =
        upstream === undefined ? [] : await checkProvider(upstream, marker, () => performance.now());
      return steps.map((step) => ({ provider, ...step }));
    });
    return (await Promise.all(checked)).flat();
  } finally {
    upstreams.close();
  }
}
