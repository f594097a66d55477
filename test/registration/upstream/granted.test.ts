/** What counts as granted wider, of what a provider states. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientMetadata } from '../../../src/clients/metadata.ts';
import { widened } from '../../../src/registration/upstream/granted.ts';
import { aClient } from '../../tokens/support.ts';

const wider = (asked: Partial<ClientMetadata>, granted: Parameters<typeof widened>[1]) =>
  widened({ ...aClient().metadata, ...asked }, granted).map(({ path }) => path);

test('a response type is more where something comes back from an authorization endpoint, and nowhere else', () => {
  const machine = { grant_types: ['client_credentials'], response_types: [] };
  assert.deepEqual(wider(machine, { response_types: ['code'] }), []);
  const web = { grant_types: ['authorization_code'], response_types: ['code'] };
  assert.deepEqual(wider(web, { response_types: ['code'] }), []);
  assert.deepEqual(wider(web, { response_types: ['code', 'token'] }), ['response_types']);
});
