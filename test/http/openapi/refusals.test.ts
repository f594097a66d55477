/** What would make a misleading document is not made at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { DescribedEndpoint } from '../../../src/http/openapi/api-group.ts';
import { openApiDocument } from '../../../src/http/openapi/document.ts';
import { API_KEY } from '../../../src/http/openapi/security.ts';

const thing = z.strictObject({ name: z.string() }).meta({ id: 'Thing' });
const row: DescribedEndpoint = {
  method: 'GET',
  path: '/things/:client_id',
  operationId: 'readThing',
  summary: 'Read a thing',
  responses: { 200: { description: 'The thing.', schema: thing, example: { name: 'a' } } },
};

function describe(...endpoints: readonly DescribedEndpoint[]) {
  const server = { url: 'https://bridge.dcr-bridge.test', description: 'here' };
  const group = { name: 'Things', description: 'Things.', server, endpoints, credentialsOf: () => API_KEY };
  return openApiDocument({ version: '1', description: 'Things.', server, groups: [group] });
}

test('a sound row is described', () => {
  assert.deepEqual(Object.keys(describe(row).paths), ['/things/{client_id}']);
});

const REFUSED: readonly (readonly [string, readonly DescribedEndpoint[], RegExp])[] = [
  ['an operation id twice', [row, { ...row, path: '/others' }], /readThing is described twice/],
  [
    'a route twice',
    [row, { ...row, operationId: 'again' }],
    /GET \/things\/\{client_id\} is described twice/,
  ],
  [
    'a path parameter without a description',
    [{ ...row, path: '/things/:thing_id' }],
    /thing_id has no description/,
  ],
  [
    'a query parameter without a description',
    [{ ...row, query: z.object({ colour: z.string() }) }],
    /colour has no description/,
  ],
  [
    'an answer without an example',
    [{ ...row, responses: { 200: { description: 'The thing.', schema: thing } } }],
    /readThing has no example of its 200/,
  ],
  [
    'one name for two shapes',
    [
      row,
      {
        ...row,
        operationId: 'readOther',
        path: '/others',
        responses: {
          200: { description: 'Another.', schema: z.strictObject({}).meta({ id: 'Other' }), example: {} },
          201: {
            description: 'Its list.',
            schema: z.strictObject({ of: z.strictObject({ size: z.int() }).meta({ id: 'Error' }) }),
            example: { of: { size: 1 } },
          },
        },
      },
    ],
    /two schemas have the id Error/,
  ],
];

for (const [name, rows, message] of REFUSED) {
  test(`refused: ${name}`, () => {
    assert.throws(() => describe(...rows), message);
  });
}

test('a schema with a default is described as it is sent and as it is answered, or refused', () => {
  const withDefault = z.object({ colour: z.string().default('red') }).meta({ id: 'WithDefault' });
  const sent: DescribedEndpoint = {
    ...row,
    method: 'POST',
    requestBody: { presence: 'required', schema: withDefault, example: {} },
  };
  const schemas = describe(sent).components.schemas as Record<string, { required?: string[] }>;
  assert.equal(schemas.WithDefault?.required, undefined);
  const both = {
    ...sent,
    responses: { 200: { description: 'It.', schema: withDefault, example: { colour: 'red' } } },
  };
  assert.throws(() => describe(both), /WithDefault, or one is used in requests and in responses/);
});
