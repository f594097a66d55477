/**
 * Proof, at start, that the address guard refuses: a socket of ours listens on loopback, and the way out,
 * set up as for a provider that may not reach it, is asked to call there by address, by name, and by the
 * addresses' other spellings. If one call connects, or fails for another reason, the service does not start
 * (S-SSRF-12): a guard that a library switched off would otherwise be noticed by whoever uses the hole.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { UpstreamFailure } from '../../registration/upstream.ts';
import { startDeadline } from './deadline.ts';
import { OutboundError } from './evidence.ts';
import { REFUSED_ADDRESS } from './guarded-agent.ts';
import type { Way } from './guarded-way.ts';

const HOSTS = ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0'];
const TIMEOUT_MS = 2_000;

/** `makeWay` makes the same kind that is used, with nothing allowed. Throws when one host is reached. */
export async function proveGuard(makeWay: () => Way): Promise<void> {
  let reached = 0;
  const server = createServer((socket) => {
    reached += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    for (const host of HOSTS) {
      const code = await codeOfCall(makeWay(), new URL(`https://${host}:${port}/`));
      if (code !== REFUSED_ADDRESS || reached > 0)
        throw new Error(`the guard against calls into private networks does not work (${host}: ${code})`);
    }
  } finally {
    server.close();
  }
}

async function codeOfCall(way: Way, url: URL): Promise<string> {
  const { signal, clear } = startDeadline(TIMEOUT_MS);
  try {
    await way.request({ method: 'GET', url, headers: {} }, signal);
    return 'ANSWERED';
  } catch (error) {
    const cause = error instanceof UpstreamFailure ? error.cause : undefined;
    return cause instanceof OutboundError ? cause.code : 'UNKNOWN';
  } finally {
    clear();
    way.close();
  }
}
