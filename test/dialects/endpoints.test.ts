import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api7Endpoints } from '../../src/dialects/api7/endpoints.ts';
import type { RegistrationContext } from '../../src/registration/context.ts';

test('the HTTP Bridge has the operations of its contract, each with its success', () => {
  const rows = api7Endpoints({} as RegistrationContext, 'https://as.example').map(
    ({ method, path, requestBody, responses }) => [method, path, requestBody, Object.keys(responses).join()],
  );
  assert.deepEqual(rows, [
    ['POST', '/bridge/:provider/clients', 'required', '201'],
    ['GET', '/bridge/:provider/clients/:client_id', 'none', '200'],
    ['PUT', '/bridge/:provider/clients/:client_id', 'required', '200'],
    ['POST', '/bridge/:provider/clients/:client_id/rotate-secret', 'optional', '200'],
    ['DELETE', '/bridge/:provider/clients/:client_id', 'none', '204'],
  ]);
});
