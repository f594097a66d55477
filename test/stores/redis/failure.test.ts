import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StoreUnavailable } from '../../../src/lib/store-unavailable.ts';
import { commitFailed, commitOutcome, readFailed, stripped } from '../../../src/stores/redis/failure.ts';

const OUTCOMES: readonly (readonly [message: string, outcome: 'not_done' | 'unknown'])[] = [
  ["Stream isn't writeable and enableOfflineQueue options is false", 'not_done'],
  ["Cluster isn't ready and enableOfflineQueue options is false", 'not_done'],
  ['LOADING Redis is loading the dataset in memory', 'not_done'],
  ["READONLY You can't write against a read only replica. script: 5a, on @user_script:6.", 'not_done'],
  ['MISCONF Redis is configured to save RDB snapshots, but it is not able to', 'not_done'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'not_done'],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'not_done'],
  ['NOREPLICAS Not enough good replicas to write.', 'not_done'],
  ['CLUSTERDOWN The cluster is down', 'not_done'],
  ['NOAUTH Authentication required.', 'not_done'],
  ['BUSY Redis is busy running a script.', 'not_done'],
  ['Command timed out', 'unknown'],
  ['Connection is closed.', 'unknown'],
  ['Reached the max retries per request limit (which is 0).', 'unknown'],
  ['read ECONNRESET', 'unknown'],
  // These two can meet a script after its first write.
  ["NOPERM this user has no permissions to run the 'zadd' command", 'unknown'],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', 'unknown'],
  ['ERR Error running script', 'unknown'],
];

describe('a failure of Redis', () => {
  for (const [message, outcome] of OUTCOMES) {
    test(`leaves a commit ${outcome}: ${message.slice(0, 50)}`, () => {
      assert.equal(commitOutcome(new Error(message)), outcome);
      assert.equal(commitFailed('clients.create', new Error(message)).outcome, outcome);
    });
  }

  test('says that there is no connection, not which setting of ours makes that a failure', () => {
    for (const [message] of OUTCOMES.slice(0, 2)) {
      assert.equal(stripped(new Error(message)).message, 'there is no connection to Redis');
    }
  });

  test('never leaves a read in doubt, and names what was asked', () => {
    const failed = readFailed('clients.read', new Error('Command timed out'));
    assert.ok(failed instanceof StoreUnavailable);
    assert.equal(failed.outcome, 'not_done');
    assert.match(failed.message, /clients\.read/);
  });

  test('that is the store’s own word already passes as it is', () => {
    const own = new StoreUnavailable('clients.read', 'not_done');
    assert.equal(readFailed('other', own), own);
    assert.equal(commitFailed('other', own), own);
  });

  test('L-26 keeps its name, its code and its words, and neither arguments nor quotes', () => {
    const foreign = Object.assign(new Error("ERR unknown command 'x', with args beginning with: 'SECRET' "), {
      name: 'ReplyError',
      code: 'E',
      command: { name: 'set', args: ['k', 'SECRET'] },
      lastNodeError: new Error('SECRET'),
    });
    const plain = stripped(foreign);
    assert.deepEqual(
      { ...plain, name: plain.name, message: plain.message },
      {
        code: 'E',
        name: 'ReplyError',
        message: "ERR unknown command 'x'",
      },
    );
    assert.equal(
      stripped(new Error('Command queue state error. Last reply: SECRET')).message,
      'Command queue state error',
    );
    assert.equal(stripped('SECRET').message, 'failed without a message');
    assert.equal(stripped(Object.assign(new Error(''), { code: 'ECONNREFUSED' })).message, 'ECONNREFUSED');
    assert.ok(stripped(new Error('x'.repeat(10_000))).message.length <= 200);
  });
});
