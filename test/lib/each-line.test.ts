/** A log that one process of ours passes on for another has the lines that were written, and no others. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { eachLine } from '../../src/lib/each-line.ts';

async function linesOf(...chunks: readonly (string | Buffer)[]): Promise<readonly string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  eachLine(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await once(stream, 'end');
  return lines;
}

test('S-LOG-05: a line separator in a text begins no line of its own', async () => {
  const line = JSON.stringify({ msg: 'a text\u2028{"level":"info"}\u2029\u0085\v\f\r' });
  assert.deepEqual(await linesOf(`${line}\n${line}\n`), [line, line]);
});

test('a line comes whole in however many pieces, an empty one and one that never ended too', async () => {
  const line = Buffer.from('ä€😀');
  const pieces = [...line].map((byte) => Buffer.from([byte]));
  assert.deepEqual(await linesOf(...pieces, '\n', '\nlast', ' words'), ['ä€😀', '', 'last words']);
});
