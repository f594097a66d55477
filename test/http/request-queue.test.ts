/** What is served, when, and what is refused, by a clock and turns of an event loop that are played here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestQueue } from '../../src/http/request-queue.ts';

/** A process to which each request is so much work. */
function processOf(eachMs: number) {
  let nowMs = 1000;
  let due: (() => void) | undefined;
  const served: number[] = [];
  const refused: number[] = [];
  const take = requestQueue<number>({
    serve: (request) => {
      nowMs += eachMs;
      served.push(request);
    },
    refuse: (request) => {
      nowMs += 0.01;
      refused.push(request);
    },
    nowMs: () => nowMs,
    atEndOfTurn: (act) => {
      assert.equal(due, undefined, 'two ends of one turn');
      due = act;
    },
    turnEnded: () => {},
  });
  let made = 0;
  return {
    served,
    refused,
    passes: (ms: number) => {
      nowMs += ms;
    },
    /** So many find their sockets ready in one turn. */
    come: (requests: number) => {
      for (let request = 0; request < requests; request += 1) take(made++);
    },
    endTurn: () => {
      const act = due;
      due = undefined;
      act?.();
    },
    /** Turns, until there is nothing to do. */
    rest: () => {
      for (; due !== undefined; nowMs += 0.1) {
        const act = due;
        due = undefined;
        act();
      }
    },
    nowMs: () => nowMs,
  };
}

const counted = (requests: number) => Array.from({ length: requests }, (_, index) => index);

test('F-22: a request that comes alone is served at once, and asks for nothing', () => {
  const { come, served, endTurn } = processOf(0.05);
  for (let request = 1; request <= 1000; request += 1) {
    come(1);
    assert.equal(served.length, request);
    endTurn();
  }
});

test('F-22: 200 at once are served in the order in which they came, however slow the process is', () => {
  const { come, served, refused, rest } = processOf(20);
  come(200);
  rest();
  assert.deepEqual(served, counted(200));
  assert.deepEqual(refused, []);
});

test('F-22: a turn ends soon, whatever is ready; what is left is served in the turns after it', () => {
  const { come, served, rest, nowMs } = processOf(0.05);
  const began = nowMs();
  come(2000);
  assert.ok(nowMs() - began < 10, `${nowMs() - began} ms`);
  assert.ok(served.length < 200);
  rest();
  assert.deepEqual(served, counted(2000));
});

test('F-22: what a pause of two seconds leaves is served', () => {
  const { come, passes, served, refused, endTurn, rest } = processOf(0.1);
  come(500);
  endTurn();
  passes(2000);
  come(4000);
  rest();
  assert.deepEqual(served, counted(4500));
  assert.deepEqual(refused, []);
});

test('F-22: five times as many as can be served: those that waited too long are refused, the others come in time', () => {
  const { come, passes, served, refused, endTurn, rest, nowMs } = processOf(1);
  const cameMs = new Map<number, number>();
  const waits: number[] = [];
  let [made, heard] = [0, 0];
  const began = nowMs();
  while (nowMs() - began < 20_000) {
    passes(0.1);
    const due = Math.floor((nowMs() - began) * 5);
    for (; made < due; made += 1) {
      cameMs.set(made, nowMs());
      come(1);
    }
    endTurn();
    for (; heard < served.length; heard += 1) {
      waits.push(nowMs() - (cameMs.get(served[heard] ?? 0) ?? 0));
    }
  }
  assert.ok(served.length > 15_000 && refused.length > 70_000, `${served.length} and ${refused.length}`);
  const late = waits.filter((ms) => ms > 250).length;
  assert.ok(late < waits.length / 20, `${late} of ${waits.length} were late`);
  assert.ok(Math.max(...waits) < 600, `${Math.max(...waits)} ms`);

  rest();
  const before = refused.length;
  come(200);
  rest();
  assert.equal(refused.length, before, 'nobody is refused when it is over');
});
