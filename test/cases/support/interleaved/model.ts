/**
 * What the store must be: clients, one change after the other. It is told of each command at the moment when Redis
 * has run it, so the order is Redis's own, and says then and there what the outcome had to be.
 *
 * Its clock is the run's: it moves by next to nothing, and by what a caller waits.
 */
import assert from 'node:assert/strict';
import type { ClientId } from '../../../../src/clients/client-id.ts';
import type { ClientRecord } from '../../../../src/clients/client-record.ts';
import { isValidAt } from '../../../../src/clients/secret.ts';
import { NOW } from '../../../registration/support.ts';

/** Numbered in the order in which things happened. */
export interface Moment {
  readonly number: number;
  readonly atMs: number;
}

/** From its moment until the next one's; `undefined`: there is none. */
export interface State extends Moment {
  readonly record: ClientRecord | undefined;
}

/** What a replace had to make of the record before it, throwing when it did not. */
export type Effect = (before: ClientRecord, after: ClientRecord) => void;

const MOST_VALID_SECRETS = 2;
const TICK_MS = 0.001;
const UNBORN: State = { number: 0, atMs: 0, record: undefined };

export type Model = ReturnType<typeof createModel>;

export function createModel(maxClients: number) {
  const states = new Map<ClientId, State[]>();
  const answers = new Set<string>();
  let number = 0;
  let ms = 0;

  const nowMs = (): number => {
    ms += TICK_MS;
    return ms;
  };
  const nowSeconds = (): number => Math.floor(NOW + nowMs() / 1000);
  const moment = (): Moment => {
    number += 1;
    return { number, atMs: nowMs() };
  };
  const statesOf = (id: ClientId): readonly State[] => states.get(id) ?? [UNBORN];
  const current = (id: ClientId): ClientRecord | undefined => statesOf(id).at(-1)?.record;
  const live = (): readonly ClientRecord[] =>
    [...states.keys()].map(current).filter((record) => record !== undefined);

  function commit(id: ClientId, record: ClientRecord | undefined): State {
    const state = { ...moment(), record };
    states.set(id, [...statesOf(id), state]);
    const valid = (record?.secrets ?? []).filter((secret) => isValidAt(secret, nowSeconds()));
    assert.ok(valid.length <= MOST_VALID_SECRETS, `${valid.length} secrets are valid`);
    return state;
  }

  return {
    nowMs,
    nowSeconds,
    moment,
    current,
    live,
    ids: () => [...states.keys()],
    wait: (waitedMs: number) => {
      ms += waitedMs;
    },
    /** Those in force at any moment from the one numbered `from` to the one numbered `to`. */
    between: (id: ClientId, from: number, to: number) =>
      statesOf(id).filter(
        (state, index, all) => state.number <= to && (all[index + 1]?.number ?? Infinity) > from,
      ),
    /** The number of the state that was in force then. */
    numberAt: (id: ClientId, atMs: number) =>
      statesOf(id).findLast((state) => state.atMs <= atMs)?.number ?? 0,
    latest: (id: ClientId) => statesOf(id).at(-1)?.number ?? 0,
    /** The `count`th time that an existing client was changed; deleting it is a change. */
    change: (id: ClientId, count: number) => statesOf(id)[count + 1],
    ofVersion: (id: ClientId, version: number) =>
      statesOf(id).find(({ record }) => record?.version === version),

    created(record: ClientRecord, answerId: string | undefined, outcome: string): State | undefined {
      const expected = answers.has(answerId ?? '')
        ? 'replayed'
        : live().length >= maxClients
          ? 'quota_exceeded'
          : 'created';
      assert.equal(outcome, expected, 'of a create');
      if (outcome !== 'created') return undefined;
      assert.equal(states.has(record.client_id), false, 'an id was given twice');
      if (answerId !== undefined) answers.add(answerId);
      return commit(record.client_id, record);
    },

    replaced(
      record: ClientRecord,
      expectedVersion: number,
      answerId: string | undefined,
      effect: Effect,
      outcome: string,
    ): State | undefined {
      const before = current(record.client_id);
      const fresh = before?.version === expectedVersion ? 'replaced' : 'conflict';
      const expected = answers.has(answerId ?? '') ? 'replayed' : before === undefined ? 'gone' : fresh;
      assert.equal(outcome, expected, 'of a replace');
      if (outcome !== 'replaced' || before === undefined) return undefined;
      assert.equal(record.version, before.version + 1);
      effect(before, record);
      if (answerId !== undefined) answers.add(answerId);
      return commit(record.client_id, record);
    },

    deleted(id: ClientId, outcome: string): State | undefined {
      assert.equal(outcome, current(id) === undefined ? 'gone' : 'deleted', 'of a delete');
      return outcome === 'deleted' ? commit(id, undefined) : undefined;
    },
  };
}
