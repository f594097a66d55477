/** Puts together what acts at upstream providers, and tells the operator what needs a person. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Intent, newOperationId } from '../registration/intent.ts';
import type { IntentEvent, UpstreamContext } from '../registration/upstream/context.ts';
import { leaveRecovery, recover } from '../registration/upstream/recover.ts';
import { createUnfinished } from '../registration/upstream/unfinished.ts';
import type { Upstream } from '../registration/upstream.ts';
import { nowSeconds, type Parts } from './parts.ts';

/** A command has less of a log than the service, and no metrics. */
interface UpstreamParts extends Pick<Parts, 'store' | 'credentials'> {
  readonly log: OperatorLog;
  readonly metrics: Pick<Parts['metrics'], 'upstreamAnswerLost'>;
}

type Say = (fields: Readonly<Record<string, unknown>>, message: string) => void;
type OperatorLog = Readonly<Record<'info' | 'warn' | 'error', Say>>;

export function upstreamContext(
  { store, credentials, log, metrics }: UpstreamParts,
  providers: ReadonlyMap<string, Upstream>,
): UpstreamContext {
  const { upstreamSealer } = credentials;
  return {
    providers,
    intents: store.intents,
    seal: upstreamSealer.seal,
    open: upstreamSealer.open,
    newOperation: () => newOperationId(randomBytes),
    nowSeconds,
    pause: (milliseconds) => sleep(milliseconds),
    background: (work) => {
      work.catch((error: unknown) =>
        log.warn({ err: error }, 'an act at an upstream provider waits for recovery'),
      );
    },
    report: (event) => {
      if (event.type === 'answer_lost') metrics.upstreamAnswerLost(event.intent.provider);
      tell(log, event);
    },
    unfinished: createUnfinished(),
  };
}

export interface UpstreamRecovery {
  /** Never rejects. */
  run(): Promise<void>;
  /** Stores what only this process knows, if it can, and lets another node take over. */
  end(): Promise<void>;
}

export function upstreamRecovery(
  { store, log }: Pick<Parts, 'store' | 'log'>,
  context: UpstreamContext,
): UpstreamRecovery {
  const { clients, leases } = store;
  const saga = { clients, upstream: context };
  const holder = randomBytes(16).toString('base64url');
  const failed = (error: unknown) =>
    log.warn(
      { err: error },
      'what is under way at upstream providers could not be looked after; trying again',
    );
  return {
    run: () => recover(saga, { leases, holder }).catch(failed),
    end: async () => {
      await context.unfinished.run();
      await leaveRecovery({ leases, holder }).catch(failed);
    },
  };
}

function tell(log: OperatorLog, { type, intent, cause }: IntentEvent): void {
  const { op_id, kind, provider, portal, started_at } = intent;
  const fields = { op_id, kind, provider, portal, started_at, client: clientOf(intent), err: cause };
  if (type === 'settled') log.info(fields, 'an act at an upstream provider was settled');
  else if (type === 'answer_lost') log.warn(fields, 'an upstream provider did not answer');
  else if (type === 'unknown') {
    log.error(fields, 'there may be a client at the upstream provider that nobody uses: see reconcile');
  } else log.error(fields, 'an upstream provider does not let us manage a client: see reconcile');
}

function clientOf({ client_id, upstream, registered_as }: Intent): string | undefined {
  return upstream?.client_id ?? registered_as ?? client_id;
}
