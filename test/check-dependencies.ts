/**
 * Runs the dependency rule and makes sure that it looked at something: a cruiser that can't read the
 * sources reports success over no modules at all.
 */
import { globSync, readFileSync } from 'node:fs';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const { forbidden, options } = JSON.parse(readFileSync('.dependency-cruiser.json', 'utf8'));
const { output } = await cruise(
  ['src', 'test'],
  { ...options, validate: true, ruleSet: { forbidden } },
  undefined,
  { tsConfig: extractTSConfig('tsconfig.json') },
);
const { modules, summary } = output as ICruiseResult;

const sources = globSync('{src,test}/**/*.ts').length;
const cruised = modules.filter(({ source }) => /^(src|test)\/.*\.ts$/.test(source)).length;
const edges = modules.reduce((sum, { dependencies }) => sum + dependencies.length, 0);
for (const { rule, from, to } of summary.violations) {
  const reason = forbidden.find(({ name }: { name: string }) => name === rule.name)?.comment;
  console.error(`${rule.name}: ${from} → ${to}\n  ${reason}`);
}
console.log(
  `dependency rule: ${cruised} of ${sources} modules, ${edges} edges, ${summary.violations.length} violations`,
);
process.exitCode = summary.violations.length > 0 || cruised < sources || edges < cruised ? 1 : 0;
