/** `dcr-bridge config …`: a configuration that reaches here is valid, or the shell had refused it. */
import { redactConfig } from '../config/redact.ts';
import type { Invocation } from './commands.ts';
import { atMost } from './usage-error.ts';

export async function checkConfig({ warnings, args, json }: Invocation): Promise<number> {
  atMost(0, args);
  if (json) process.stdout.write(`${JSON.stringify({ valid: true, warnings })}\n`);
  else
    process.stdout.write(
      ['The configuration is valid.', ...warnings.map((text) => `Warning: ${text}`), ''].join('\n'),
    );
  return 0;
}

export async function printConfig({ config, args, json }: Invocation): Promise<number> {
  atMost(0, args);
  process.stdout.write(`${JSON.stringify(redactConfig(config), null, json ? 0 : 2)}\n`);
  return 0;
}
