/** That a listener is closed. One connection that the system took just before may be reset, or nobody's: the next is refused. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from './eventually.ts';

export async function assertRefusesConnections(url: string, withinMs: number): Promise<void> {
  const { hostname, port } = new URL(url);
  await eventually(async () => {
    const socket = connect(Number(port), hostname).on('error', () => {});
    try {
      await assert.rejects(once(socket, 'connect'), { code: 'ECONNREFUSED' });
    } finally {
      socket.destroy();
    }
  }, withinMs);
}
