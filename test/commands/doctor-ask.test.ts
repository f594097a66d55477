/** Who listens at an address is asked in a time that is bounded, whatever listens there. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { ask } from '../../src/commands/doctor/ask.ts';
import { inTime } from '../support/in-time.ts';

const TIMEOUT_MS = 2000;

for (const [name, answer] of [
  ['nothing', ''],
  ['what is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['half an answer', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{'],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n'],
] as const) {
  test(`who answers with ${name} is no service of ours, and is not waited for`, async (t) => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.write(answer));
    }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await inTime(TIMEOUT_MS + 500, () => assert.rejects(ask(url)));
  });
}
