/** A command that acts straight on the store: understands its words, opens the store, acts, closes it. */
import type { PortalContext } from '../portals/manage.ts';
import type { Store } from '../stores/store.ts';
import type { Invocation } from './commands.ts';
import { OPERATOR_LOG } from './print.ts';
import { UsageError } from './usage-error.ts';

export interface Opened {
  readonly store: Store;
  readonly portals: PortalContext;
}

/** `understand` throws `UsageError`; it comes first, because a typing error must not open, and so create, a store. */
export type Acts<Act> = ReadonlyMap<string, (args: readonly string[]) => Act>;

export async function onStore<Act, Result>(
  { config, args: [name = '', ...args] }: Invocation,
  acts: Acts<Act>,
  run: (act: Act, opened: Opened, name: string) => Promise<Result>,
  /** What may come before the first start. */
  creating: readonly string[] = [],
): Promise<Result> {
  const understand = acts.get(name);
  if (understand === undefined) throw new UsageError(`say one of: ${[...acts.keys()].join(', ')}`);
  const act = understand(args);
  const { openPortals } = await import('../compose/for-commands.ts');
  const opened = await openPortals(config, OPERATOR_LOG, { mayCreate: creating.includes(name) });
  try {
    return await run(act, opened, name);
  } finally {
    await opened.store.close();
  }
}
