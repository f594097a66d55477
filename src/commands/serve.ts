/** `dcr-bridge serve`. The service is loaded only here: other commands start without its weight. */
import type { Invocation } from './commands.ts';

export async function serve({ config, warnings }: Invocation): Promise<number> {
  const { main } = await import('../main.ts');
  return main(config, warnings);
}
