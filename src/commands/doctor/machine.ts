/** What the machine gives a process: files, processors. Of the shell that runs this, which may be given more. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isEmbedded } from '../../config/store-url.ts';
import { type Finding, ok, warning } from '../../lib/finding.ts';
import type { Check } from './check.ts';

/** The connections that one listener takes, and some for the rest. */
const ENOUGH_FILES = 12_000;

export const machine: Check = ({ config }) => [
  files(),
  processors(config.workers, isEmbedded(config.store_url)),
];

function files(): Finding {
  const check = 'open files';
  const limit = /^Max open files\s+(\d+)/m.exec(limits())?.[1];
  if (limit === undefined) return ok(check, 'the limit can not be seen here');
  if (Number(limit) >= ENOUGH_FILES) return ok(check, `${limit} at most`);
  const remedy = 'raise LimitNOFILE, or ulimit -n, for the user of the service';
  return warning(check, `${limit} at most, and a listener takes 10,000 connections`, remedy);
}

function limits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}

function processors(workers: number, embedded: boolean): Finding {
  const check = 'workers';
  const available = availableParallelism();
  const found = `${workers} on ${available} processor${available === 1 ? '' : 's'}`;
  if (workers > available) return warning(check, found, `set WORKERS to ${available} at most`);
  return ok(check, embedded || workers === available ? found : `${found}; WORKERS may use more of them`);
}
