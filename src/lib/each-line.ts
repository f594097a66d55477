/**
 * The lines of a stream of text, ended by line feeds and nothing else. `node:readline` would also end one at U+2028
 * and U+2029, which JSON leaves as they are: a text in the log could begin a line of its own (S-LOG-05).
 */
import type { Readable } from 'node:stream';

/** What comes after the last line feed is a line too, when the stream has ended. */
export function eachLine(stream: Readable, take: (line: string) => void): void {
  let begun = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const [first = '', ...others] = text.split('\n');
    begun += first;
    for (const other of others) {
      take(begun);
      begun = other;
    }
  });
  stream.on('end', () => {
    if (begun !== '') take(begun);
  });
}
