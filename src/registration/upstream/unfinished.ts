/**
 * What this process alone knows and could not store, because the store was away: that a registration came
 * back, that a token was replaced. It is tried again until it is stored. Bounded, and lost with the process:
 * the intent is still there then, and says what may have happened.
 */
export interface Unfinished {
  /** False when there is no room: the intent then stays for recovery, which knows less. */
  add(opId: string, work: () => Promise<void>): boolean;
  /** Tries them all, or that of one intent; what fails is kept. True when nothing of it is left. */
  run(opId?: string): Promise<boolean>;
}

/** Each holds one client document, about 4 KiB. */
const MOST = 10_000;

export function createUnfinished(): Unfinished {
  const works = new Map<string, () => Promise<void>>();
  const running = new Set<string>();

  async function runOne(opId: string): Promise<void> {
    const work = works.get(opId);
    if (work === undefined || running.has(opId)) return;
    running.add(opId);
    try {
      await work();
      works.delete(opId);
    } catch {
      // Still away; it has said so where it was asked.
    } finally {
      running.delete(opId);
    }
  }

  return {
    add(opId, work) {
      if (works.size >= MOST) return false;
      works.set(opId, work);
      return true;
    },
    async run(opId) {
      const some = opId === undefined ? [...works.keys()] : [opId];
      for (const each of some) await runOne(each);
      return some.every((each) => !works.has(each));
    },
  };
}
