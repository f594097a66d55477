import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenError } from '../../src/lib/listen-problem.ts';

for (const [code, remedy] of [
  ['EADDRINUSE', 'stop what listens there, or set OPS_LISTEN to another address'],
  ['EADDRNOTAVAIL', 'set OPS_LISTEN to an address of this machine'],
  [
    'EACCES',
    'set OPS_LISTEN to a port above 1023, or let this process have lower ones (CAP_NET_BIND_SERVICE)',
  ],
  ['EINVAL', 'set OPS_LISTEN to another address'],
] as const) {
  test(`an address that can't be listened on (${code}) is told with its setting`, () => {
    const cause = Object.assign(new Error(), { code });
    const { message } = listenError('ops', { host: '127.0.0.1', port: 80 }, cause);
    assert.equal(message, `the ops listener can't listen on 127.0.0.1:80 (${code}): ${remedy}`);
  });
}
