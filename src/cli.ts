#!/usr/bin/env node
/**
 * The command line, a thin shell: finds the command, loads the configuration, prints what comes back.
 * Exit codes: 0 done, 1 failed, 2 wrong usage or wrong configuration.
 */
import { parseArgs } from 'node:util';
import { COMMANDS, usage } from './commands/commands.ts';
import { UsageError } from './commands/usage-error.ts';
import { printVersion } from './commands/version.ts';
import { formatProblems } from './config/format-problems.ts';
import { type LoadedConfig, loadConfig } from './config/load.ts';
import { ConfigError } from './config/problems.ts';

const OPTIONS = {
  json: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'V', default: false },
} as const;

const OF_VERSION: ReadonlySet<string> = new Set(['--version', '-V', '--json']);

const [, , ...words] = process.argv;
process.exitCode = await run(words);

async function run(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: OPTIONS,
    allowPositionals: true,
    // What it refuses would end here without the command's help; `requireKnown` looks instead.
    strict: false,
  });
  const [first = '', second = ''] = positionals;
  const asked = values.help === true || first === 'help';
  const name = first === 'help' ? second : first;
  const command = COMMANDS.get(name);
  if (!asked && values.version === true && words.every((word) => OF_VERSION.has(word)))
    return await printVersion(values.json === true);
  if (asked || command === undefined) return help(name, asked);
  const loaded = loadConfiguration();
  if (loaded === undefined) return 2;
  try {
    requireKnown(values);
    if (values.version) throw new UsageError('--version stands alone');
    if (values.force && !command.takesForce) throw new UsageError('there is no option --force');
    const options = { json: values.json === true, force: values.force === true };
    return await command.run({ ...loaded, args: positionals.slice(1), ...options });
  } catch (error) {
    process.stderr.write(`dcr-bridge ${name}: ${error instanceof Error ? error.message : 'unknown error'}\n`);
    if (!(error instanceof UsageError)) return 1;
    process.stderr.write(`\n${usage(name)}`);
    return 2;
  }
}

/** An option that is passed over looks as if it had been obeyed. */
function requireKnown(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    const option = `${name.length === 1 ? '-' : '--'}${name}`;
    if (!Object.hasOwn(OPTIONS, name)) throw new UsageError(`there is no option ${option}`);
    if (typeof value !== 'boolean') throw new UsageError(`${option} takes no value`);
  }
}

function help(name: string, asked: boolean): number {
  const known = COMMANDS.has(name);
  if (asked) process.stdout.write(usage(known ? name : undefined));
  else
    process.stderr.write(`${name === '' ? '' : `dcr-bridge: there is no command "${name}"\n\n`}${usage()}`);
  return asked ? 0 : 2;
}

function loadConfiguration(): LoadedConfig | undefined {
  try {
    return loadConfig({ env: process.env, cwd: process.cwd() });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { problems, warnings } = error;
    process.stderr.write(`The configuration is not valid:\n${formatProblems(problems)}\n`);
    for (const warning of warnings) process.stderr.write(`Warning: ${warning}\n`);
    return undefined;
  }
}
