import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPrintable, printableText } from '../../src/lib/text.ts';

const FORBIDDEN: readonly (readonly [string, string])[] = [
  ['a line feed, which forges a log line', '\n'],
  ['a carriage return, which forges a header', '\r'],
  ['NUL', '\0'],
  ['an ANSI escape', '\u001b[31m'],
  ['DEL', '\u007f'],
  ['a C1 control', '\u009b'],
  ['a line separator', '\u2028'],
  ['a paragraph separator', '\u2029'],
  ['a bidirectional override (CVE-2021-42574)', '\u202e'],
  ['a bidirectional isolate', '\u2066'],
  ['a lone surrogate', '\ud83e'],
];

test('S-LOG-05: text that people will read holds nothing that acts on a log, a header or a terminal', () => {
  for (const [name, text] of FORBIDDEN) {
    for (const place of [text, `a${text}`, `${text}z`, `a${text}z`]) assert.ok(!isPrintable(place), name);
    assert.ok(!printableText(20).safeParse(`a${text}`).success, name);
  }
});

test('names in any script pass', () => {
  for (const text of ['', 'orders', 'Zoë 🦉', 'заказы', '注文', 'طلبات', 'a b'])
    assert.ok(isPrintable(text), text);
});

test('a control character is found wherever it stands', () => {
  const around = fc.string({ unit: 'grapheme-ascii', maxLength: 20 });
  const control = fc.integer({ min: 0, max: 0x1f }).map((code) => String.fromCharCode(code));
  fc.assert(fc.property(around, control, around, (left, code, right) => !isPrintable(left + code + right)));
});

test('the length is bounded', () => {
  assert.ok(printableText(3).safeParse('abc').success);
  assert.ok(!printableText(3).safeParse('abcd').success);
});
