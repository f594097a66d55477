/**
 * What must not take long. A machine that stands still for a moment makes it late once; a service that waits for
 * something makes it late every time: it is measured again when it was too much, and only then, three times at most.
 */
import assert from 'node:assert/strict';

const TRIES = 3;

/** `begin`: what came before was to set the scene, and its time does not count. */
export async function inTime<T>(limitMs: number, act: (begin: () => void) => Promise<T>): Promise<T> {
  return (
    await below(limitMs, async () => {
      let beganMs = performance.now();
      const result = await act(() => {
        beganMs = performance.now();
      });
      return { measured: performance.now() - beganMs, result };
    })
  ).result;
}

/** What was measured when it was below the limit. */
export function below<T extends { readonly measured: number }>(
  limit: number,
  measure: () => Promise<T>,
): Promise<T> {
  return measuredAgain(measure, ({ measured }) =>
    measured < limit ? undefined : `${Math.round(measured)}, and not less than ${limit}`,
  );
}

/** What was measured when nothing of it was too much; `tooMuch` tells what was. Whatever else is wrong throws. */
export async function measuredAgain<T>(
  measure: () => Promise<T>,
  tooMuch: (measured: T) => string | undefined,
): Promise<T> {
  const told: string[] = [];
  while (told.length < TRIES) {
    const measured = await measure();
    const problem = tooMuch(measured);
    if (problem === undefined) return measured;
    told.push(problem);
  }
  assert.fail(told.join('; '));
}
