/** What was found by an index is looked at again: a client may have changed, or be gone, since. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { facetsAsked, stillAsked } from '../../src/stores/facets.ts';
import { aLabelledClient, aPortalName } from './records.ts';

test('of the clients that were found, those stay that still have every facet', () => {
  const query = { portal: aPortalName(), provider: 'local', after: undefined, limit: 1 };
  const asked = facetsAsked({ ...query, state: 'active', labels: [['team', 'a']] });
  const still = aLabelledClient({ team: 'a', size: 'big' });
  const moved = aLabelledClient({ team: 'b' });
  const disabled = aLabelledClient({ team: 'a' }, { state: 'disabled' });
  assert.deepEqual(stillAsked([undefined, moved, still, disabled], asked), [still]);
  assert.deepEqual(stillAsked([undefined, moved], []), [moved]);
});
