/** `dcr-bridge openapi`: prints what the management listener serves at `/openapi.json`. */
import { managementUrl } from '../config/management-url.ts';
import type { Invocation } from './commands.ts';
import { atMost } from './usage-error.ts';

export async function printOpenApi({ config, args, json }: Invocation): Promise<number> {
  atMost(0, args);
  const { apiDescription } = await import('../compose/api-description.ts');
  const { describedGroups } = await import('../compose/described-groups.ts');
  const document = apiDescription(describedGroups(config), config, managementUrl(config));
  process.stdout.write(`${JSON.stringify(document, null, json ? 0 : 2)}\n`);
  return 0;
}
