/**
 * What acts at upstream providers need beside the registration context, and the times of the saga.
 *
 * The saga: an intent is committed before the call, and one commit after it stores what the provider granted
 * and ends the intent. Whatever stops us in between leaves the intent, and recovery goes on from it.
 */
import type { ClientStore } from '../../clients/client-store.ts';
import { Refusal } from '../../lib/refusal.ts';
import type { Intent } from '../intent.ts';
import type { IntentStore } from '../intent-store.ts';
import type { Upstream } from '../upstream.ts';
import type { Unfinished } from './unfinished.ts';

export interface UpstreamContext {
  readonly providers: ReadonlyMap<string, Upstream>;
  readonly intents: IntentStore;
  /** The context says whose the text is: our id of the client. */
  readonly seal: (text: string, context: string) => string;
  readonly open: (sealed: string, context: string) => string;
  /** A new operation id (`newOperationId`). */
  readonly newOperation: () => string;
  /** Epoch seconds; a call upstream takes long enough for the request's own reading to be old. */
  readonly nowSeconds: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Goes on after the answer; what is lost there, recovery does. Must not let `work` reject unheard. */
  readonly background: (work: Promise<unknown>) => void;
  readonly report: (event: IntentEvent) => void;
  readonly unfinished: Unfinished;
}

/** `unknown` and `unmanageable` need a person; each is told once. */
export interface IntentEvent {
  readonly type: 'answer_lost' | 'unknown' | 'unmanageable' | 'settled';
  readonly intent: Intent;
  readonly cause?: unknown;
}

/** What acts at upstream providers and their recovery share. */
export interface SagaContext {
  readonly clients: ClientStore;
  readonly upstream: UpstreamContext;
}

/** Longer than a whole bridge request (5 s): whoever began an intent has let go of it by then. */
export const IN_FLIGHT_SECONDS = 10;
const FIRST_RETRY_SECONDS = 5;
const LONGEST_RETRY_SECONDS = 10 * 60;

/** For ever, with longer and longer pauses. */
export function retryAt(nowSeconds: number, attempts: number): number {
  return nowSeconds + Math.min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** Math.min(attempts, 10));
}

/** Whether nobody is at work on it: its time has come, or it has none. */
export function isOverdue({ next_attempt_at }: Intent, nowSeconds: number): boolean {
  return next_attempt_at === undefined || next_attempt_at <= nowSeconds;
}

export function upstreamOf({ upstream }: SagaContext, provider: string): Upstream {
  const found = upstream.providers.get(provider);
  // The configuration was read once, and both maps were made of it.
  if (found === undefined) throw new Refusal('provider_unknown');
  return found;
}

/** The next write of an intent. */
export function nextOf(intent: Intent, changes: Partial<Intent>): Intent {
  return { ...intent, ...changes, version: intent.version + 1 };
}

/** Advances the intent; undefined when somebody else has changed or ended it. */
export async function advanced(
  { upstream }: SagaContext,
  intent: Intent,
  changes: Partial<Intent>,
): Promise<Intent | undefined> {
  const next = nextOf(intent, changes);
  return (await upstream.intents.advance(next)) === 'advanced' ? next : undefined;
}
