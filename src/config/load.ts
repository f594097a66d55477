/**
 * Reads the whole configuration once: built-in defaults, then the configuration file, then the
 * environment; validates it at once and freezes it. It throws `ConfigError` with every problem, and
 * returns nothing that is half right.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CHECKS } from './checks.ts';
import { readConfigFile } from './config-file.ts';
import { deepFreeze } from './deep-readonly.ts';
import { readEnvironment, variableOf } from './environment.ts';
import type { KnownConfig } from './known-config.ts';
import { misspeltVariables } from './misspelt-variables.ts';
import { parseMembers } from './parse-members.ts';
import { ConfigError, type ConfigSource, type Finding, jsonPath, type Path } from './problems.ts';
import { type Config, configuration } from './schema.ts';
import { settings } from './settings.ts';
import { resolveStoreUrl } from './store-url.ts';
import type { SourceFinding, Surroundings } from './surroundings.ts';
import { WARNINGS } from './warnings.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** One line each, for the log; no secrets. */
  readonly warnings: readonly string[];
}

export function loadConfig({
  env,
  cwd,
  readFile = (path) => readFileSync(path, 'utf8'),
}: Pick<Surroundings, 'env' | 'cwd'> & Partial<Surroundings>): LoadedConfig {
  const environment = readEnvironment({ env, cwd, readFile });
  const file = readConfigFile({ env, cwd, readFile }, new Set(environment.variables.keys()));
  const document = { ...file.members, ...environment.members };

  const sourceOf = ([member]: Path): ConfigSource => {
    const name = String(member);
    const variable = environment.variables.get(name);
    if (variable !== undefined) return { kind: 'environment', variable };
    const isUnset = Object.hasOwn(settings, name) && !Object.hasOwn(file.members ?? {}, name);
    return isUnset ? { kind: 'environment', variable: variableOf(name) } : file.source;
  };
  const sourced = (finding: Finding): SourceFinding => ({ ...finding, source: sourceOf(finding.path) });

  const parsed = parseMembers(configuration, document);
  const known = parsed.value as KnownConfig;
  const findings = firstTold([
    [...environment.findings, ...file.findings],
    parsed.findings.map(sourced),
    CHECKS.flatMap((check) => check(known)).map(sourced),
  ]).filter(({ path, source }) => file.members !== undefined || path.length === 0 || source.kind !== 'file');
  const misspelt = misspeltVariables(env, file.variables);
  if (findings.length > 0) {
    throw new ConfigError(
      findings.map(({ path, ...rest }) => ({ path: jsonPath(path), ...rest })),
      misspelt,
    );
  }

  const complete = configuration.parse(document);
  const config = deepFreeze({
    ...complete,
    keys_dir: resolve(cwd, complete.keys_dir),
    store_url: resolveStoreUrl(complete.store_url, cwd),
    resources: withoutPrototype(complete.resources),
    providers: withoutPrototype(complete.providers),
    portals: withoutPrototype(complete.portals),
  });
  return { config, warnings: [...misspelt, ...WARNINGS.flatMap((warning) => warning(config))] };
}

/** Of one member only the earliest stage speaks: what could not be fetched is not also "required". */
function firstTold(stages: readonly (readonly SourceFinding[])[]): SourceFinding[] {
  const told: SourceFinding[] = [];
  for (const stage of stages) {
    const paths = new Set(told.map(({ path }) => jsonPath(path)));
    told.push(...stage.filter(({ path }) => !paths.has(jsonPath(path))));
  }
  return told;
}

/** `resources['constructor']`, asked for from outside, is then as unknown as any other. */
function withoutPrototype<Entry>(record: Record<string, Entry>): Record<string, Entry> {
  return Object.assign(Object.create(null), record);
}
