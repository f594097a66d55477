import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJsonDocument } from '../../src/config/json-document.ts';

const BROKEN: Record<string, [string, number, number, RegExp]> = {
  nothing: ['', 1, 1, /expected a value/],
  'a bare word': ['{\n  "a": yes\n}', 2, 8, /expected a value/],
  'a comma too many in an object': ['{\n  "a": 1,\n}', 3, 1, /the name of a member, in double quotes/],
  'a comma too many in a list': ['["a",\n  ]', 2, 3, /expected a value/],
  'a comma too few': ['{"a": 1\n "b": 2}', 2, 2, /expected "," or "}"/],
  'a comma too few in a list': ['[1 2]', 1, 4, /expected "," or "]"/],
  'a missing colon': ['{"a" 1}', 1, 6, /expected ":"/],
  'single quotes': ["{'a': 1}", 1, 2, /in double quotes/],
  'a comment': ['{ // why\n}', 1, 3, /in double quotes/],
  'a line break in a text': ['{"a": "x\ny"}', 1, 7, /expected a value/],
  'a wrong escape': ['{"a": "\\x"}', 1, 7, /expected a value/],
  'a text that does not end': ['{"a": "b', 1, 7, /expected a value/],
  'an object that does not end': ['{"a": 1', 1, 8, /expected "," or "}"/],
  'something after the end': ['{}\n}', 2, 1, /expected the end of the document/],
  'a number with a leading zero': ['[007]', 1, 2, /expected a value/],
  'a member stated twice': ['{"a": 1,\n "b": {"c": 1, "c": 2}}', 2, 16, /stated twice/],
  'a member stated twice in other letters': ['{"a": 1, "\\u0061": 2}', 1, 10, /stated twice/],
  'endless nesting': ['['.repeat(100_000), 1, 66, /nested too deeply/],
};

for (const [what, [text, line, column, says]] of Object.entries(BROKEN)) {
  test(`${what} is found at line ${line}, column ${column}`, () => {
    const document = parseJsonDocument(text);
    assert.ok(!document.ok);
    assert.deepEqual([document.line, document.column], [line, column], document.message);
    assert.match(document.message, says);
  });
}

test('a byte order mark is no fault, and does not move the columns', () => {
  assert.deepEqual(parseJsonDocument('\ufeff{}'), { ok: true, value: {} });
  const broken = parseJsonDocument('\ufeff{x}');
  assert.deepEqual(broken.ok ? undefined : broken.column, 2);
});

test('it reads what JSON.parse reads, and refuses what JSON.parse refuses', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(4), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const document = parseJsonDocument(text);
      assert.deepEqual(document, { ok: true, value: JSON.parse(text) });
    }),
  );
  const alphabet = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"b\\n"',
    '1',
    '-',
    '.5',
    'e3',
    'null',
    'tru',
    ' ',
    '\n',
    '\\',
  );
  let agreed = 0;
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 9 }), (parts) => {
      const text = parts.join('');
      const document = parseJsonDocument(text);
      // Stricter on purpose in one point.
      if (!document.ok && document.message.includes('twice')) return;
      assert.equal(document.ok, isJson(text), text);
      agreed += document.ok ? 1 : 0;
    }),
    { numRuns: 5000 },
  );
  assert.ok(agreed > 50, `too few valid documents were tried: ${agreed}`);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
