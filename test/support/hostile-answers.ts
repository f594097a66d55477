/** Answers of a server that means no good, or is broken: for every road on which something is fetched. */
import type { Answer } from './upstream-scripted.ts';

const JSON_TYPE = 'application/json';

/** Goes on writing for as long as anyone reads, and counts. */
export function endless(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  counted = { bytes: 0 },
): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': JSON_TYPE, ...headers });
    const chunk = Buffer.alloc(16 * 1024, ' ');
    const more = () => {
      while (!response.destroyed) {
        counted.bytes += chunk.length;
        if (!response.write(chunk)) break;
      }
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };
}

export function drip(status: number): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': JSON_TYPE });
    const timer = setInterval(() => response.write(' '), 20);
    response.once('close', () => clearInterval(timer));
  };
}

/** Says that more will come, and closes. */
export function truncated(status: number, text: string): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': JSON_TYPE, 'content-length': String(text.length + 100) });
    response.write(text);
    setTimeout(() => response.destroy(), 10);
  };
}

/** Nobody asked for another protocol; Node.js takes the connection from the call then, which hears no more of it. */
export const upgrade: Answer = ({ socket }) => {
  socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n');
};
