/** What the README says of the code, held against the code: names, defaults, rooms and reasons. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import defaults from '../../config/default.json' with { type: 'json' };
import packageJson from '../../package.json' with { type: 'json' };
import { COMMANDS } from '../../src/commands/commands.ts';
import { settings } from '../../src/config/settings.ts';
import { domain, load } from '../config/support.ts';
import { BLOCKS, PROJECT, README } from './blocks.ts';

/** Variables that are no settings of the schema: where the schema's file is, and what only containers need. */
const OTHER_VARIABLES = ['CONFIG_FILE', 'FAULT_ROUNDS', 'KEY_ENCRYPTION_KEY_FILE'];

test('every variable that the README names exists', () => {
  const known = [...Object.keys(settings).map((member) => member.toUpperCase()), ...OTHER_VARIABLES];
  const named = [...README.matchAll(/`([A-Z]+_[A-Z_]+|ISSUER|WORKERS)[`=]/g)].map(([, name = '']) => name);
  assert.ok(named.length > 15);
  for (const name of named) assert.ok(known.includes(name), name);
});

test('the defaults in the README are those of the generated reference', () => {
  const reference = readFileSync(join(PROJECT, 'config/README.md'), 'utf8');
  const rows = [...README.matchAll(/^\| `([A-Z_]+)` +\| (?:`([^`]+)`|–) +\|/gm)];
  assert.ok(rows.length > 5);
  for (const [, name, value = '–'] of rows) {
    const row = reference.split('\n').find((line) => line.startsWith(`| \`${name}\` `));
    const [, , , , cell = ''] = row?.split('|') ?? [];
    assert.equal(cell.trim().replaceAll('`', ''), value, name);
  }
});

test('what it says of the shipped configuration is what is shipped', () => {
  const resource = defaults.resources['https://api.example.com'];
  assert.ok(README.includes(`(${resource.token_lifetime_seconds} s as shipped)`));
  assert.ok(README.includes(`(\`${defaults.default_resource}\` as shipped)`));
  assert.equal(resource.signing_alg, 'RS256');
});

test('the example of an upstream provider is valid as it is pasted', () => {
  const [example] = BLOCKS.filter(({ marker }) => marker === 'config: laid over the shipped file');
  const { providers, portals } = JSON.parse(example?.text ?? '');
  const file = { ...domain(), providers, portals: { ...defaults.portals, ...portals } };
  const { config } = load({ env: { ACME_IAT: 'iat-f7Kq2mX9bT4wZ8' }, file });
  const named = Object.keys(config.providers);
  assert.deepEqual(named, ['local', 'acme']);
  assert.deepEqual(portals['acme-portal'].providers, named);
});

test('no shell block has a comment: zsh, as it comes with macOS, takes it for words of the command when it is pasted', () => {
  const shell = BLOCKS.filter(({ language }) => language === 'sh');
  assert.ok(shell.length > 5);
  for (const { text } of shell) assert.doesNotMatch(text, /(?:^|\s)#/m);
});

test('every command that the README names is one', () => {
  const named = [...README.matchAll(/dcr-bridge ([a-z]+) ([a-z-]+)/g)];
  assert.ok(named.length >= 5);
  for (const [, name = '', act = ''] of named) {
    const { synopsis = [] } = COMMANDS.get(name) ?? {};
    assert.ok(
      synopsis.some((line) => line.startsWith(`${name} ${act}`)),
      `${name} ${act}`,
    );
  }
  for (const [, script = ''] of README.matchAll(/npm run ([a-z:]+)/g)) {
    assert.ok(Object.hasOwn(packageJson.scripts, script), script);
  }
});

test('every dependency has its reason, and no reason is without its dependency', () => {
  const section = README.slice(README.indexOf('## Dependencies'), README.indexOf('## The house'));
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const names = (text: string) => [...text.matchAll(/`([@a-z][a-z0-9/@.-]+)`/g)].map(([, name = '']) => name);
  const reasoned = rows.flatMap((row) => names(row.split('|')[1] ?? ''));
  assert.deepEqual(reasoned.sort(), Object.keys(packageJson.dependencies).sort());
  for (const row of rows) assert.match(row, /\| \d{4}-\d\d-\d\d(?:, \d{4}-\d\d-\d\d)* *\|$/);
  const development = /^For development: (.*)$/m.exec(section)?.[1] ?? '';
  assert.deepEqual(names(development).sort(), Object.keys(packageJson.devDependencies).sort());
});

test('the map shows every room of the house, and no other', () => {
  const [map = ''] = BLOCKS.filter(({ text }) => text.startsWith('src/')).map(({ text }) => text);
  const shown = [...map.matchAll(/^ {2}([a-z0-9]+)\/ /gm)].map(([, room = '']) => room);
  const src = join(PROJECT, 'src');
  const rooms = readdirSync(src, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && readdirSync(join(src, entry.name)).length > 0)
    .map(({ name }) => name);
  assert.deepEqual(shown.sort(), rooms.sort());
});
