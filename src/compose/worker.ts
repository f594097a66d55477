/**
 * A worker's side: it serves the public and the management listener until its supervisor says otherwise.
 */
import { HEARTBEAT_MS } from './heartbeat.ts';
import type { FromWorker, PublicAddresses, Question, ToWorker } from './worker-channel.ts';

export type Answers = Readonly<Record<Question, () => Promise<unknown>>>;

export interface SupervisedWorker {
  /** Tells the supervisor that it listens, and from now on answers its questions. */
  listening(addresses: PublicAddresses, answers: Answers): void;
  /** Resolves when the supervisor says that it is time to go, be it before this worker listens. */
  readonly drained: Promise<void>;
}

/** To be called before anything else is begun. */
export function supervised(): SupervisedWorker {
  const beat = () => tell({ turns: true });
  beat();
  setInterval(beat, HEARTBEAT_MS).unref();
  let answers: Answers | undefined;
  const drained = new Promise<void>((resolve) => {
    process.on('message', async (message: ToWorker) => {
      if ('drain' in message) resolve();
      else if (answers !== undefined) tell({ id: message.id, answer: await answers[message.ask]() });
    });
  });
  return {
    drained,
    listening: ({ public: publicAddress, management }, given) => {
      answers = given;
      tell({ listening: { public: publicAddress, management } });
    },
  };
}

/** When the supervisor is gone, Node.js ends its workers. */
function tell(message: FromWorker): void {
  process.send?.(message, undefined, undefined, () => {});
}
