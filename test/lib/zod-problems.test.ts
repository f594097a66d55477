import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { zodProblems } from '../../src/lib/zod-problems.ts';

function problemsOf(schema: z.ZodType, value: unknown) {
  const { success, error } = schema.safeParse(value);
  assert.ok(!success);
  return zodProblems(error);
}

test('each problem has the JSON path of its member, and says what is expected', () => {
  const schema = z.object({
    name: z.string().max(3),
    uris: z.array(z.string()).max(2),
    labels: z.record(z.string(), z.string()),
    contacts: z.array(z.unknown()).max(1),
    count: z.int(),
    limit: z.int().min(1).max(100),
    seconds: z.number().max(5),
    keys: z.array(z.unknown()).min(1),
    state: z.enum(['active', 'disabled']),
  });
  const body = { name: 'long', uris: ['a', 1], contacts: [1, 2], labels: { team: 2 } };
  assert.deepEqual(
    problemsOf(schema, { ...body, count: 1.5, limit: 0, seconds: 6, keys: [], state: 'gone' }),
    [
      { path: 'name', message: 'must have at most 3 characters' },
      { path: 'uris[1]', message: 'must be of type string' },
      { path: 'labels.team', message: 'must be of type string' },
      { path: 'contacts', message: 'must have at most 1 item' },
      { path: 'count', message: 'must be a whole number' },
      { path: 'limit', message: 'must be at least 1' },
      { path: 'seconds', message: 'must be at most 5' },
      { path: 'keys', message: 'must have at least 1 item' },
      { path: 'state', message: 'must be one of active, disabled' },
    ],
  );
  assert.deepEqual(problemsOf(schema, 7), [{ path: '$', message: 'must be of type object' }]);
});

test('a member that is missing is required, one of another type is told which; null is no member', () => {
  const schema = z.object({
    name: z.string(),
    uris: z.array(z.string()),
    count: z.int(),
    labels: z.record(z.string(), z.string()),
  });
  const required = (path: string) => ({ path, message: 'is required' });
  assert.deepEqual(problemsOf(schema, {}), ['name', 'uris', 'count', 'labels'].map(required));
  assert.deepEqual(problemsOf(schema, { name: null, uris: [], count: 1, labels: {} }), [
    { path: 'name', message: 'must be of type string' },
  ]);
});

test('a member name is shown only when it is a plain word', () => {
  const labels = z.object({ labels: z.record(z.string(), z.string()) });
  const pathOf = (name: string) => problemsOf(labels, { labels: { [name]: 1 } })[0]?.path;
  assert.equal(pathOf('cost.center-1'), 'labels.cost.center-1');
  for (const name of ['a b', 'a\r\nb', '<script>', 'a"b', 'x'.repeat(65), '\u202e']) {
    assert.equal(pathOf(name), 'labels.?', name);
  }
});

test('no received value is repeated, whatever it was and wherever it stood', () => {
  const canary = 'canary-3f9c1e';
  const schema = z.object({
    text: z.string().max(5),
    email: z.email(),
    list: z.array(z.string().max(5)),
    number: z.int(),
    choice: z.enum(['a', 'b']),
    record: z.record(z.string().max(2), z.string()),
  });
  const value = fc
    .jsonValue({ maxDepth: 3 })
    .map((json) => JSON.stringify(json).replaceAll('"', `"${canary}`));
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(schema.shape)), value, (member, text) => {
      const body = { [member]: fc.sample(fc.constantFrom(text, [text], { a: text }, canary), 1)[0] };
      assert.ok(!JSON.stringify(problemsOf(schema, body)).includes(canary));
    }),
  );
});
