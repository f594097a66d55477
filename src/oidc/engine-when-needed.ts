/**
 * The engine, loaded by the first request that needs it. A plain token request needs none of it, nor one that
 * proves a key; and it is 9 MiB of an idle service and a tenth of the CPU time of its start. Those who come
 * first wait for it, some 100 ms; should it fail to load, the next one tries again.
 */
import type { Engine, EngineOptions } from './engine.ts';

export function engineWhenNeeded(options: EngineOptions): Engine {
  let loading: Promise<Engine> | undefined;

  async function load(): Promise<Engine> {
    try {
      const { createEngine } = await import('./engine.ts');
      return createEngine(options);
    } catch (error) {
      loading = undefined;
      throw error;
    }
  }

  // Whatever it is asked with, also what is not known here: a token must not lose what it is bound to.
  return async function answerByEngine(...asked) {
    loading ??= load();
    const answer = await loading;
    await answer(...asked);
  };
}
