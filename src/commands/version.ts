/** `dcr-bridge --version`: the package's, for who keeps the machine. No answer over HTTP tells it (C-10). */
import { printOne } from './print.ts';

export async function printVersion(json: boolean): Promise<number> {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  const { version } = manifest;
  if (json) printOne({ version }, json);
  else process.stdout.write(`${version}\n`);
  return 0;
}
