/** Every case of the table's sections is shown by a test, or does not apply; never both. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { DOES_NOT_APPLY } from './does-not-apply.ts';

/** The numbers that the table of abuse cases has; it has gaps. */
const CASES: Readonly<Record<string, readonly number[]>> = {
  'S-DCR': [
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 19, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30],
    ...[31, 32, 33, 35],
  ],
  'S-MGT': [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 18, 19, 20, 21, 22, 23],
  'S-TEN': [1, 2, 3, 6, 7, 9, 10],
  'S-RACE': [1, 3, 4, 5, 6, 7, 8, 9, 10],
  'S-TOK': [1, 2, 3, 4, 7, 8, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23],
  'S-PKJ': [1, 2, 3, 4, 6, 7, 8, 10, 11, 12, 15, 16, 17, 18],
  'S-POP': [1, 2, 3, 4, 5, 6, 7],
  'S-REV': [1, 2, 3, 5, 6, 7, 8],
  'S-JWT': [1, 2, 3, 4, 6, 7, 8, 10, 11, 12, 13, 14],
  'S-META': [1, 2, 4, 5, 6, 7, 8, 9, 11, 12],
  'S-KEY': [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  'S-UP': [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12],
  'S-SSRF': [1, 2, 3, 5, 6, 7, 8, 9, 10, 12],
  'S-HTTP': [1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 14],
  'S-LOG': [1, 2, 3, 4, 5, 7, 9, 10],
  'S-DOS': [1, 2, 3, 4, 5, 6, 7, 8, 9],
  // Of the table of faults all but two: two versions, a day's soak.
  F: [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    31,
  ],
};

const EVERY_CASE = Object.entries(CASES).flatMap(([section, numbers]) =>
  numbers.map((number) => `${section}-${String(number).padStart(2, '0')}`),
);

const TESTS = resolve(import.meta.dirname, '..');
/** What is handed to a test, or to a helper that makes one: also a row of a table, when it begins with the id. */
const TEST_NAME = /(?:\b(?:test|it|describe|story)\(\s*|[([]\s*(?=['"`][SF]-))(['"`])((?:\\.|(?!\1).)*)\1/gs;
const CASE_ID = new RegExp(`\\b(?:${Object.keys(CASES).join('|')})-\\d+\\b`, 'g');

/** Ids in the names of tests, by the files that they are in. */
function shownBy(): ReadonlyMap<string, readonly string[]> {
  const shown = new Map<string, string[]>();
  for (const file of globSync('**/*.test.ts', { cwd: TESTS })) {
    for (const [, , name = ''] of readFileSync(resolve(TESTS, file), 'utf8').matchAll(TEST_NAME)) {
      for (const [id] of name.matchAll(CASE_ID)) shown.set(id, [...(shown.get(id) ?? []), file]);
    }
  }
  return shown;
}

test('every case has a test of its name or a reason why it does not apply, and not both', () => {
  const shown = shownBy();
  const missing = EVERY_CASE.filter((id) => !shown.has(id) && !Object.hasOwn(DOES_NOT_APPLY, id));
  assert.deepEqual(missing, [], 'neither shown nor explained');
  const both = Object.keys(DOES_NOT_APPLY).filter((id) => shown.has(id));
  assert.deepEqual(both, [], 'explained away, and shown all the same');
});

test('no test and no reason names a case that does not exist', () => {
  const named = [...shownBy().keys(), ...Object.keys(DOES_NOT_APPLY)];
  assert.deepEqual(
    named.filter((id) => !EVERY_CASE.includes(id)),
    [],
  );
});

test('a reason is a sentence', () => {
  for (const [id, reason] of Object.entries(DOES_NOT_APPLY)) assert.match(reason, /^[A-Z].{40,}\.$/s, id);
});
