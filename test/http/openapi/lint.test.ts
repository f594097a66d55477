import assert from 'node:assert/strict';
import { test } from 'node:test';
import { document } from '../../support/api-description.ts';
import { lintOpenApi } from '../../support/lint-openapi.ts';

/** A copy to spoil. */
// biome-ignore lint/suspicious/noExplicitAny: the test reaches deep into a document of many shapes
const copy = (): any => structuredClone(document);

test('the linter has nothing to say about the document', () => {
  const { valid, text } = lintOpenApi(document);
  assert.ok(valid, text);
});

test('the linter refuses an example that is not what its JSON schema says', () => {
  const spoilt = copy();
  const { responses } = spoilt.paths['/bridge/{provider}/clients'].post;
  responses[201].content['application/json'].example.client_id_issued_at = '1795307210';
  const { valid, text } = lintOpenApi(spoilt);
  assert.ok(!valid);
  assert.match(text, /no-invalid-media-type-examples/);
});

test('the linter refuses a member that the answer to Konnect can not have', () => {
  const spoilt = copy();
  const { responses } = spoilt.paths['/konnect/{provider}'].post;
  responses[201].content['application/json'].example.client_name = 'order sync';
  const { valid, text } = lintOpenApi(spoilt);
  assert.ok(!valid);
  assert.match(text, /no-invalid-media-type-examples/);
});

test('the linter refuses a reference that leads nowhere', () => {
  const spoilt = copy();
  delete spoilt.components.schemas.KonnectSecret;
  const { valid, text } = lintOpenApi(spoilt);
  assert.ok(!valid);
  assert.match(text, /no-unresolved-refs/);
});
