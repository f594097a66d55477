/** When a certificate of ours is worth a line in the log, and that it is one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { termWarning, termWatch } from '../../src/compose/certificate-term.ts';
import { newCertificate } from '../support/certificates.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const BEGIN = new Date('2026-01-01T00:00:00Z');
const day = (number: number) => new Date(BEGIN.getTime() + number * DAY_MS);

test('it ends soon two weeks before its end, or in the last third of a short life', () => {
  const year = { validFromDate: BEGIN, validToDate: day(365) };
  for (const [now, said] of [
    [day(-1), /not valid yet/],
    [day(0), undefined],
    [day(350), undefined],
    [day(352), /ends soon/],
    [day(366), /is over/],
  ] as const) {
    const warning = termWarning(year, now);
    if (said === undefined) assert.equal(warning, undefined);
    else assert.match(warning ?? '', said);
  }
  const brief = { validFromDate: BEGIN, validToDate: day(1) };
  assert.equal(termWarning(brief, day(0.5)), undefined);
  assert.match(termWarning(brief, day(0.7)) ?? '', /ends soon/);
});

test('each is said once, and again of the next certificate', () => {
  const lines: string[] = [];
  const watch = termWatch({ warn: (_: object, text: string) => lines.push(text) } as never, 'cert.pem');
  const [one, next] = [newCertificate({ subject: '/CN=one' }), newCertificate({ subject: '/CN=next' })];
  const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);
  for (const days of [0, 1, 1.8, 1.9, 3, 4]) watch(one.cert, inDays(days));
  watch(next.cert, inDays(4));
  const soon = 'a certificate ends soon: renew it';
  const over = 'a certificate is over: renew it';
  assert.deepEqual(lines, [soon, over, over]);
});
