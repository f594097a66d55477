/**
 * What callers do to clients, each act as the service does it, and what its answer must be worth. A caller acts one
 * thing after the other; callers act at once.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ClientId } from '../../../../src/clients/client-id.ts';
import type { ClientRecord } from '../../../../src/clients/client-record.ts';
import { findSecret, isValidAt } from '../../../../src/clients/secret.ts';
import type { TokenClient } from '../../../../src/clients/token-client.ts';
import { endAfter } from '../../../../src/lib/end-after.ts';
import { Refusal, type RefusalReason } from '../../../../src/lib/refusal.ts';
import type { Act } from '../../../../src/registration/context.ts';
import { createClient } from '../../../../src/registration/create.ts';
import { deleteClient } from '../../../../src/registration/delete.ts';
import type { ClientAnswer } from '../../../../src/registration/idempotency.ts';
import { rotateSecret } from '../../../../src/registration/rotate-secret.ts';
import { addSecret } from '../../../../src/registration/secrets.ts';
import { replaceClient, updateClient } from '../../../../src/registration/update.ts';
import { authenticateBySecret } from '../../../../src/tokens/authenticate-client.ts';
import { TokenRefusal } from '../../../../src/tokens/token-refusal.ts';
import { act as actOf, shown } from '../../../registration/support.ts';
import { walk } from '../../../stores/contract/walk.ts';
import type { Gates } from './gates.ts';
import type { Model } from './model.ts';
import { asStored, type Caller, type Node } from './node.ts';

/** A client that a portal was told of, with the secrets that it was shown. */
export interface KnownClient {
  readonly id: ClientId;
  readonly secrets: string[];
}

export interface Scene {
  readonly model: Model;
  readonly gates: Gates;
  readonly nodes: readonly [Node, Node];
  /** In the order in which they were answered. */
  readonly clients: KnownClient[];
}

/** Seconds that a rotated secret goes on for. */
export const OVERLAP_SECONDS = 2;
const TEAMS = ['red', 'blue'] as const;
const WRONG_SECRET = `dcrs_${'0'.repeat(43)}`;
/** What may be waited for in between: less than a node trusts its cache for, and more. */
const WAITS_MS = [500, 1500, 2500] as const;

const KINDS = ['token', 'rotate', 'update', 'replace', 'delete', 'create', 'add', 'list', 'wait'] as const;

const step = fc.record({
  kind: fc.oneof(
    { weight: 4, arbitrary: fc.constant('token' as const) },
    { weight: 2, arbitrary: fc.constantFrom('rotate' as const, 'delete' as const) },
    { weight: 3, arbitrary: fc.constantFrom(...KINDS) },
  ),
  node: fc.nat(1),
  // Most of them meet at one client.
  client: fc.constantFrom(0, 0, 0, 1, 2),
  choice: fc.nat(5),
});
export type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** For each caller, what it does. */
export const callers = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), {
  minLength: 2,
  maxLength: 4,
});

export async function actInTurn(scene: Scene, name: string, steps: readonly Step[]): Promise<void> {
  for (const [index, each] of steps.entries()) {
    await scene.gates.pass(`${name}${index} ${each.kind}`);
    await perform(scene, `${name}${index}`, each);
  }
}

async function perform(scene: Scene, name: string, { kind, choice, ...at }: Step): Promise<void> {
  const { model, clients } = scene;
  const node = scene.nodes[at.node] ?? scene.nodes[0];
  const client = clients[at.client % clients.length];
  assert.ok(client !== undefined);
  // Half of them carry the key that all acts like it carry.
  const key = choice % 2 === 0 ? undefined : 'clicked twice';
  const keyed = (route: string): Act => ({ ...act, idempotent: key && { key, route, body: {} } });
  const act = actOf({ nowSeconds: model.nowSeconds() });
  const { id } = client;
  const team = TEAMS[choice % 2] ?? TEAMS[0];
  switch (kind) {
    case 'create': {
      const answer = await answered(scene, node, name, unchanged, ['quota_exceeded'], (context) =>
        createClient(context, keyed('create'), { client_name: key ?? name, labels: { team } }),
      );
      if (answer !== undefined) learn(clients, answer);
      return;
    }
    case 'update': {
      const changes = { client_name: name, labels: { team } };
      const effect = (before: ClientRecord, after: ClientRecord) =>
        assert.deepEqual(after, { ...next(before, act), metadata: { ...before.metadata, ...changes } });
      await answered(scene, node, name, effect, ['client_unknown'], (context) =>
        updateClient(context, act, id, changes),
      );
      return;
    }
    case 'replace': {
      const effect = (before: ClientRecord, after: ClientRecord) => {
        assert.deepEqual({ ...after, metadata: before.metadata }, next(before, act));
        assert.deepEqual([after.metadata.client_name, after.metadata.labels], [name, {}]);
      };
      await answered(scene, node, name, effect, ['client_unknown'], (context) =>
        replaceClient(context, act, id, { client_name: name }),
      );
      return;
    }
    case 'rotate': {
      const overlap = choice < 3 ? 0 : OVERLAP_SECONDS;
      const answer = await answered(
        scene,
        node,
        name,
        rotation(act, overlap),
        ['client_unknown'],
        (context) => rotateSecret(context, keyed(`rotate ${id}`), id, overlap),
      );
      if (answer !== undefined) learn(clients, answer);
      return;
    }
    case 'add': {
      const reasons = ['client_unknown', 'secret_limit'] as const;
      const answer = await answered(scene, node, name, addition(act), reasons, (context) =>
        addSecret(context, keyed(`add ${id}`), id),
      );
      if (answer !== undefined) learn(clients, answer);
      return;
    }
    case 'delete':
      return deletes(scene, node, name, act, id);
    case 'token': {
      const known = client.secrets[choice % client.secrets.length];
      return asksForToken(scene, node, id, choice > 3 ? WRONG_SECRET : (known ?? WRONG_SECRET));
    }
    case 'list': {
      const labels = choice < 3 ? [] : [['team', team] as const];
      await walk(node.contextOf(callerOf(scene, name, unchanged)).clients, act.portal, { labels });
      return;
    }
    case 'wait':
      return model.wait(WAITS_MS[choice % WAITS_MS.length] ?? WAITS_MS[0]);
  }
}

type Effect = Caller['effect'];

const callerOf = ({ gates }: Pick<Scene, 'gates'>, name: string, effect: Effect): Caller => ({
  name,
  gates,
  effect,
  commits: [],
});
export const unchanged: Effect = () => assert.fail('nothing was to be replaced');

function next(before: ClientRecord, { nowSeconds }: Act): ClientRecord {
  return { ...before, version: before.version + 1, updated_at: nowSeconds };
}

function rotation(act: Act, overlapSeconds: number): Effect {
  return (before, after) => {
    const [fresh, ...others] = after.secrets;
    assert.deepEqual({ ...after, secrets: before.secrets }, next(before, act));
    assert.ok(fresh !== undefined && before.secrets.every(({ hash }) => hash !== fresh.hash));
    const newest = before.secrets.find((secret) => isValidAt(secret, act.nowSeconds));
    const end = Math.min(newest?.expires_at || Infinity, endAfter(act.nowSeconds, overlapSeconds));
    const left = newest === undefined || overlapSeconds === 0 ? [] : [{ ...newest, expires_at: end }];
    assert.deepEqual(others, left, 'what a rotation leaves of the others');
  };
}

function addition(act: Act): Effect {
  return (before, after) => {
    assert.deepEqual({ ...after, secrets: before.secrets }, next(before, act));
    const valid = before.secrets.filter((secret) => isValidAt(secret, act.nowSeconds));
    assert.deepEqual(after.secrets.slice(1), valid, 'what an addition leaves of the others');
  };
}

export function learn(clients: KnownClient[], answer: ClientAnswer): void {
  const { client_id: id } = answer.client;
  const known = clients.find((client) => client.id === id);
  if (known === undefined) clients.push({ id, secrets: [shown(answer)] });
  else if (!known.secrets.includes(shown(answer))) known.secrets.push(shown(answer));
}

/** What is answered was committed, once; what is refused was not. `undefined`: it was refused. */
export async function answered(
  scene: Pick<Scene, 'model' | 'gates'>,
  node: Node,
  name: string,
  effect: Effect,
  reasons: readonly RefusalReason[],
  register: (context: ReturnType<Node['contextOf']>) => Promise<ClientAnswer>,
): Promise<ClientAnswer | undefined> {
  const caller = callerOf(scene, name, effect);
  const outcome = await register(node.contextOf(caller)).catch((error: unknown) => error);
  if (outcome instanceof Refusal) {
    assert.ok(reasons.includes(outcome.reason), `refused: ${outcome.reason}`);
    assert.deepEqual(caller.commits, []);
    return undefined;
  }
  if (outcome instanceof Error) throw outcome;
  const answer = outcome as ClientAnswer;
  const { client_id, version } = answer.client;
  const state = scene.model.ofVersion(client_id, version);
  assert.ok(state !== undefined, 'what was answered was not committed');
  assert.deepEqual(asStored(answer.client), state.record);
  assert.ok(caller.commits.every((one) => one === state) && caller.commits.length <= 1);
  node.answered(client_id, state.number);
  return answer;
}

async function deletes(scene: Scene, node: Node, name: string, act: Act, id: ClientId): Promise<void> {
  const { model } = scene;
  const caller = callerOf(scene, name, unchanged);
  assert.equal(await deleteClient(node.contextOf(caller), act, id), 'deleted');
  assert.equal(model.current(id), undefined, 'a delete was acknowledged and not made');
  assert.ok(caller.commits.length <= 1);
  node.answered(id, model.latest(id));
}

/** Given for a secret that was valid while it was asked for, and refused only for one that was not. */
export async function asksForToken(
  { model }: Pick<Scene, 'model'>,
  node: Node,
  id: ClientId,
  clientSecret: string,
): Promise<void> {
  const isGood = (record: ClientRecord | undefined, atSeconds: number): boolean =>
    findSecret(record?.secrets ?? [], clientSecret, node.hash, atSeconds) !== undefined;
  const beganSeconds = model.nowSeconds();
  const began = model.moment();
  const oldest = node.oldest(id, began);
  const matchesSecret = (client: TokenClient | undefined): boolean =>
    findSecret(client?.secrets ?? [], clientSecret, node.hash, model.nowSeconds()) !== undefined;
  const credentials = { clientId: id, clientSecret, method: 'client_secret_basic' } as const;
  const outcome = await authenticateBySecret({ clients: node.cache, matchesSecret }, credentials).catch(
    (error: unknown) => error,
  );
  const ended = model.moment();
  if (outcome instanceof TokenRefusal) {
    const during = model.between(id, began.number, ended.number);
    const wasBad = during.some(({ record }) => !isGood(record, model.nowSeconds()));
    assert.ok(wasBad, 'a token was refused for a secret that was valid all the while');
    return;
  }
  if (outcome instanceof Error) throw outcome;
  const during = model.between(id, oldest, ended.number);
  assert.ok(
    during.some(({ record }) => isGood(record, beganSeconds)),
    'a token was given for a secret that was not valid any more',
  );
}
