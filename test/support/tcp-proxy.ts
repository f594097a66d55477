/**
 * A TCP proxy on loopback that can misbehave between two real peers: cut what is connected, swallow what
 * one side says, refuse. It sees bytes only.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TcpProxy {
  readonly port: number;
  /** From now on replies are dropped on the way back; requests still arrive. */
  swallowReplies(): void;
  /** From now on bytes pass again, on connections old and new. */
  pass(): void;
  /** From now on every reply comes this much later, on all connections or on those after the first `spared`. */
  delayReplies(ms: number, spared?: number): void;
  /** Breaks every connection that is open now. */
  cut(): void;
  /** How many connections were taken so far. */
  readonly accepted: number;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let swallow = false;
  let accepted = 0;
  let delayMs = 0;
  let undelayed = 0;

  const server = createServer((near) => {
    accepted += 1;
    const number = accepted;
    // What is passed on in pieces must not wait for an acknowledgement of the piece before.
    near.setNoDelay();
    const far = connect(targetPort, '127.0.0.1').setNoDelay();
    near.on('data', (bytes) => far.write(bytes));
    let onTheWay = 0;
    let before: Promise<unknown> = Promise.resolve();
    far.on('data', (bytes) => {
      if (swallow) return;
      const waitMs = number > undelayed ? delayMs : 0;
      if (waitMs === 0 && onTheWay === 0) return void near.write(bytes);
      // A line keeps the order: what comes after the delay was lifted does not overtake what is on its way.
      onTheWay += 1;
      before = Promise.all([before, sleep(waitMs, undefined, { ref: false })]).then(() => {
        onTheWay -= 1;
        near.write(bytes);
      });
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    swallowReplies() {
      swallow = true;
    },
    delayReplies(ms, spared = 0) {
      delayMs = ms;
      undelayed = spared;
    },
    pass() {
      swallow = false;
    },
    cut,
    async close() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
