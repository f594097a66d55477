/**
 * Holds each command to Redis until a scheduler lets it go, and then its answer until it lets that go, too: what
 * callers and nodes do in between is one interleaving, and the scheduler's choices are all that makes it. Only one
 * command is under way at a time, which is also how Redis runs them.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Scheduler, SchedulerAct } from 'fast-check';

export interface Gates {
  /** Until the scheduler has come to `label`. */
  pass(label: string): Promise<void>;
  /** `executed` sees the answer at the moment of the command, before its sender does. */
  through<T>(label: string, send: () => Promise<T>, executed?: (answer: T) => void): Promise<T>;
  /** A command that nothing is to come between. */
  track<T>(command: Promise<T>): Promise<T>;
  /** From now on nothing is held; resolves when nothing is held any more. */
  open(): Promise<void>;
}

export interface Traffic {
  readonly track: Gates['track'];
  /** Handed to the scheduler: nothing else is let go until everything has come to rest. */
  readonly act: SchedulerAct;
}

export function createTraffic(): Traffic {
  const underWay = new Set<Promise<unknown>>();
  return {
    track(command) {
      underWay.add(command);
      const over = () => underWay.delete(command);
      command.then(over, over);
      return command;
    },
    async act(letGo) {
      await letGo();
      do {
        await Promise.allSettled(underWay);
        // Whoever waited for an answer goes on in microtasks alone: no turn of the loop is needed but this.
        await turn();
      } while (underWay.size > 0);
    },
  };
}

/** Without a scheduler they are open. */
export function createGates({ track }: Traffic, scheduler?: Scheduler): Gates {
  let isOpen = false;
  const pass = async (label: string): Promise<void> => {
    if (!isOpen) await scheduler?.schedule(Promise.resolve(), label);
  };
  return {
    pass,
    track,
    async through(label, send, executed) {
      await pass(label);
      const answer = await track(send());
      executed?.(answer);
      await pass(`${label}: answer`);
      return answer;
    },
    async open() {
      isOpen = true;
      await scheduler?.waitIdle();
    },
  };
}
