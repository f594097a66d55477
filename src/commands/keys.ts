/**
 * `dcr-bridge keys …`: the operator's acts on the key ring, straight on the store; running nodes follow within
 * `ring_refresh_ms`. What can cost failures says so and wants `--force`.
 */

import { expectedReaders } from '../keys/adoption.ts';
import { importPrivateKey } from '../keys/import-private-key.ts';
import { type OpenedRing, openRing } from '../keys/opened-ring.ts';
import { activate, announce, importKey, retire, rewrap, taint } from '../keys/operate.ts';
import type { RingContext } from '../keys/ring-context.ts';
import { isSealedRing } from '../keys/ring-document.ts';
import { type SigningAlg, signingAlg } from '../keys/signing-alg.ts';
import { readReplica } from '../keys/start-ring.ts';
import { type Change, changeRing, synchronise } from '../keys/synchronise.ts';
import type { Store } from '../stores/store.ts';
import type { Invocation } from './commands.ts';
import { exportRing, readImport } from './key-files.ts';
import { printKeys } from './keys-list.ts';
import { OPERATOR_LOG, printOne } from './print.ts';
import { taintRunbook } from './taint-runbook.ts';
import { atMost, UsageError } from './usage-error.ts';

interface Opened {
  readonly store: Store;
  readonly ring: RingContext;
}

type Act = (opened: Opened, invocation: Invocation) => Promise<number>;

/** Each row understands its words first: a typing error must not open, and so create, a store. */
const ACTS: ReadonlyMap<string, (args: readonly string[], force: boolean) => Act> = new Map([
  [
    'list',
    (args) => {
      atMost(0, args);
      return async (parts, invocation) => {
        await print(await opened(parts.ring), parts, invocation);
        return 0;
      };
    },
  ],
  [
    'announce',
    (args) => {
      atMost(1, args);
      const alg = algOf(args[0]);
      return changing(() => announce(alg));
    },
  ],
  [
    'activate',
    (args, force) => {
      const key = onlyKey(args);
      return changing(() => activate(key, { force }));
    },
  ],
  [
    'retire',
    (args, force) => {
      const key = onlyKey(args);
      return changing(() => retire(key, { force }));
    },
  ],
  [
    'taint',
    (args) => {
      const key = onlyKey(args);
      return changing(() => taint(key), taintRunbook);
    },
  ],
  [
    'rewrap',
    (args) => {
      atMost(0, args);
      return changing(
        () => rewrap,
        () => 'When every node runs and `keys list` is the same on each, remove KEY_ENCRYPTION_KEY_PREVIOUS.',
      );
    },
  ],
  [
    'export',
    ([file, ...rest]) => {
      if (file === undefined) throw new UsageError('say where to: FILE');
      atMost(0, rest);
      return async ({ ring }, { json }) => {
        const { document, ring: content } = await opened(ring);
        await exportRing(file, document);
        printOne({ file, ring_id: content.ring_id, version: content.version, sealed: true }, json);
        return 0;
      };
    },
  ],
  [
    'import',
    ([file, alg, passphraseFile, ...rest]) => {
      if (file === undefined) throw new UsageError('say which file: FILE');
      atMost(0, rest);
      const wanted = alg === undefined ? undefined : algOf(alg);
      return async (parts, invocation) => {
        const text = await readImport(file);
        if (isSealedRing(text)) return restore(parts, file, text, invocation);
        const key = importPrivateKey(text, wanted, passphraseFile && (await readImport(passphraseFile)));
        if ('refused' in key) return refuse('import', `the file ${key.refused}`);
        return changing(() => importKey(key.alg, key.privateKey))(parts, invocation);
      };
    },
  ],
]);

export async function manageKeys(invocation: Invocation): Promise<number> {
  const [name = '', ...args] = invocation.args;
  const understand = ACTS.get(name);
  if (understand === undefined) throw new UsageError(`say one of: ${[...ACTS.keys()].join(', ')}`);
  if (invocation.force && name !== 'activate' && name !== 'retire') {
    throw new UsageError(`keys ${name} takes no --force`);
  }
  const act = understand(args, invocation.force);
  const { openKeys } = await import('../compose/for-commands.ts');
  const parts = await openKeys(invocation.config, OPERATOR_LOG);
  try {
    return await act(parts, invocation);
  } finally {
    await parts.store.close();
  }
}

/** An exported ring goes where there is none, or an older version of it; never over a newer one. */
async function restore(
  parts: Opened,
  file: string,
  document: string,
  invocation: Invocation,
): Promise<number> {
  const { ring } = parts;
  const remedy = 'Export it again, or give the key-encryption key that it was exported under.';
  const brought = await openRing(ring, document, { name: file, remedy });
  const { ring: kept } = await synchronise(ring, brought);
  if (kept.document !== document) {
    return refuse(
      'import',
      `the store holds version ${kept.ring.version}, the file ${brought.ring.version}: nothing was changed`,
    );
  }
  await ring.replica.write(document);
  await print(kept, parts, invocation);
  return 0;
}

type RingAct = (context: RingContext, current: OpenedRing) => Promise<Change>;

/** `afterwards`: what the operator has to do next, for a person only. */
function changing(act: () => RingAct, afterwards: (ring: RingContext) => string = () => ''): Act {
  return async (parts, invocation) => {
    const { ring } = parts;
    const {
      json,
      args: [name = ''],
    } = invocation;
    const result = await changeRing(ring, await readReplica(ring), (current) => act()(ring, current));
    if ('refused' in result) return refuse(name, result.refused);
    await print(result.changed, parts, invocation);
    const next = afterwards(ring);
    if (!json && next !== '') process.stdout.write(`\n${next}\n`);
    return 0;
  };
}

async function print(
  shown: OpenedRing,
  { ring, store }: Opened,
  { config, json }: Invocation,
): Promise<void> {
  const expected = expectedReaders(Object.values(config.resources));
  printKeys(shown, ring, { expected, sightings: await store.readers.readSightings() }, json);
}

async function opened(ring: RingContext): Promise<OpenedRing> {
  return (await synchronise(ring, await readReplica(ring))).ring;
}

function refuse(name: string, reason: string): number {
  process.stderr.write(`dcr-bridge keys ${name}: ${reason}\n`);
  return 1;
}

function onlyKey([key, ...rest]: readonly string[]): string {
  if (key === undefined) throw new UsageError('say which key: KID or ALG');
  atMost(0, rest);
  return key;
}

function algOf(text: string | undefined): SigningAlg {
  const { success, data } = signingAlg.safeParse(text);
  if (!success) throw new UsageError(`ALG must be one of ${signingAlg.options.join(', ')}`);
  return data;
}
