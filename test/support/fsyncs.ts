/**
 * Which of a file's bytes were on disk when, by what the operating system was asked for: a process that appends to
 * it is watched with strace. Where that is missing or not allowed, nobody can tell.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endWithProcess } from './end-with-process.ts';
import { tempDir } from './temp.ts';

export const NO_STRACE = 'strace is not here, or may not look on: nobody can tell what was written to disk';

/** From `atMs` on (epoch) the first `bytes` that were appended are on disk. */
export interface Synced {
  readonly atMs: number;
  readonly bytes: number;
}

export interface FsyncTrace {
  /** In their order. */
  end(): Promise<readonly Synced[]>;
}

/** Of the process's file whose name ends so; bytes are counted from now on. */
export async function traceFsyncs(pid: number, nameEnd: string): Promise<FsyncTrace | undefined> {
  const output = join(tempDir('strace'), 'calls');
  const calls = ['-e', 'trace=write,fsync,fdatasync'];
  const shape = ['-f', '-y', '-ttt', '-T', '-s', '0'];
  const tracer = spawn('strace', [...shape, ...calls, '-o', output, '-p', `${pid}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  endWithProcess(tracer);
  const gone = new Promise<undefined>((resolve) => {
    for (const event of ['error', 'exit']) tracer.once(event, () => resolve(undefined));
  });
  const attached = once(createInterface({ input: tracer.stderr }), 'line').then(([line]) =>
    /attached/.test(line),
  );
  if ((await Promise.race([attached, gone])) !== true) return undefined;
  return {
    async end() {
      tracer.kill('SIGINT');
      await gone;
      return syncsIn(readFileSync(output, 'utf8').split('\n'), nameEnd);
    },
  };
}

/** A call that was still under way when another thread made one is told in two lines. */
const LINE = /^(\d+) +([\d.]+) (?:<\.\.\. )?(\w+)(?:\(\d+<([^>]*)>)?(.*)$/;
const RESULT = /= (-?\d+)(?: .*)? <([\d.]+)>$/;

interface Call {
  readonly file: string;
  readonly startedAtMs: number;
  readonly writtenBefore: number;
}

function syncsIn(lines: readonly string[], nameEnd: string): readonly Synced[] {
  const underWay = new Map<string, Call>();
  const syncs: Synced[] = [];
  let written = 0;
  for (const line of lines) {
    const [, thread = '', seconds = '', name, file, rest = ''] = LINE.exec(line) ?? [];
    if (name === undefined) continue;
    const begun = { file: file ?? '', startedAtMs: Number(seconds) * 1000, writtenBefore: written };
    const call = file === undefined ? (underWay.get(thread) ?? begun) : begun;
    const [, result, took] = RESULT.exec(rest) ?? [];
    if (result === undefined) {
      underWay.set(thread, call);
      continue;
    }
    underWay.delete(thread);
    if (!call.file.endsWith(nameEnd)) continue;
    if (name === 'write') written += Math.max(0, Number(result));
    else if (result === '0') {
      syncs.push({ atMs: call.startedAtMs + Number(took) * 1000, bytes: call.writtenBefore });
    }
  }
  return syncs;
}
