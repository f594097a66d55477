/** Which files of a build context Docker may copy: the last pattern of `.dockerignore` that matches decides. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Paths relative to `context`. Only the patterns that Docker and a regular expression read alike are known. */
export function buildContext(context: string): ReadonlySet<string> {
  const patterns = ignorePatterns(context);
  // The two that are large, and are in no image whatever the patterns say: see their test.
  const tops = readdirSync(context).filter((name) => name !== 'node_modules' && name !== '.git');
  const files = tops.flatMap((name) => filesAt(context, name));
  return new Set(files.filter((file) => !isIgnored(file, patterns)));
}

function filesAt(context: string, name: string): string[] {
  if (!statSync(join(context, name)).isDirectory()) return [name];
  return readdirSync(join(context, name), { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(context, join(entry.parentPath, entry.name)));
}

export function ignorePatterns(context: string): readonly string[] {
  const lines = readFileSync(join(context, '.dockerignore'), 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

export function isIgnored(file: string, patterns: readonly string[]): boolean {
  const last = patterns.findLast((pattern) => matches(file, pattern.replace(/^!/, '')));
  return last !== undefined && !last.startsWith('!');
}

/** A pattern matches a path, and whatever is below a path that it matches. */
function matches(path: string, pattern: string): boolean {
  if (/[?[\\]|^\//.test(pattern)) throw new Error(`a pattern that is not known here: ${pattern}`);
  const regexp = pattern
    .replace(/[.+^${}()|]/g, '\\$&')
    .replace(/\*+/g, (stars) => (stars.length > 1 ? '.*' : '[^/]*'));
  return new RegExp(`^${regexp}(?:/|$)`).test(path);
}
