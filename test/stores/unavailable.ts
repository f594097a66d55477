/** For `assert.rejects`: the store was unavailable, with this outcome, and for this reason. */
import assert from 'node:assert/strict';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';

export function unavailable(outcome: StoreUnavailable['outcome'], reason?: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreUnavailable, String(error));
    assert.equal(error.outcome, outcome);
    if (reason !== undefined) assert.match(String(error.cause), reason);
    return true;
  };
}
