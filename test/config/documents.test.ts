import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configDocuments } from '../../src/config/generate.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { configuration } from '../../src/config/schema.ts';

const documents = configDocuments();

for (const [name, content] of Object.entries(documents)) {
  test(`config/${name} is what "npm run generate" writes`, () => {
    const committed = readFileSync(new URL(`../../config/${name}`, import.meta.url), 'utf8');
    assert.equal(committed, content, `config/${name} is out of date: npm run generate`);
  });
}

test('the reference lists exactly the members of the schema, each with its variable and a description', () => {
  const reference = documents['README.md'] ?? '';
  const rows = reference.matchAll(/^\| `([A-Z_]+)` +\| `([a-z_]+)` +\|[^|]+\|[^|]+\| ([^|]+) \|$/gm);
  const members: string[] = [];
  for (const [, variable, member = '', meaning = ''] of rows) {
    assert.equal(variable, member.toUpperCase());
    assert.ok(meaning.trim().length > 10, member);
    members.push(member);
  }
  const headings = [...reference.matchAll(/^### `([a-z_]+)`$/gm)].map(([, member = '']) => member);
  assert.deepEqual([...members, ...headings].sort(), Object.keys(configuration.shape).sort());
});

test('every member at every depth says what it is', () => {
  function assertDescribed(schema: unknown, path: string): void {
    if (typeof schema !== 'object' || schema === null) return;
    const {
      properties = {},
      additionalProperties,
      oneOf = [],
    } = schema as {
      properties?: Record<string, { description?: string; const?: unknown }>;
      additionalProperties?: unknown;
      oneOf?: unknown[];
    };
    for (const [name, member] of Object.entries(properties)) {
      assert.ok(member.const !== undefined || (member.description ?? '').length > 10, `${path}.${name}`);
      assertDescribed(member, `${path}.${name}`);
    }
    for (const variant of oneOf) assertDescribed(variant, path);
    assertDescribed(additionalProperties, `${path}.*`);
  }
  assertDescribed(configJsonSchema(), '$');
});

test('a number of time or size says its unit in its name', () => {
  const { properties = {} } = configJsonSchema();
  for (const [name, schema] of Object.entries(properties)) {
    if (typeof schema !== 'object' || schema.type !== 'integer') continue;
    // They count things.
    if (['workers', 'max_clients'].includes(name)) continue;
    assert.match(name, /_(?:bytes|ms|seconds|per_minute|clients)$/);
  }
});

test('the JSON schema is of draft 2020-12, closed, and shows no default of a secret', () => {
  const schema = configJsonSchema();
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.equal(schema.additionalProperties, false);
  const secret = schema.properties?.key_encryption_key;
  assert.ok(typeof secret === 'object' && secret.default === undefined);
  assert.match('{env:KEK}', new RegExp(secret.pattern ?? '^$'));
  assert.doesNotMatch('a-literal-secret', new RegExp(secret.pattern ?? ''));
});
