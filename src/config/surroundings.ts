/** The world as the configuration sees it, passed in: environment, working directory, files. */
import type { ConfigSource, Finding } from './problems.ts';

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What relative paths start from. */
  readonly cwd: string;
  /** The text of a file. Throws as `fs.readFileSync` does. */
  readonly readFile: (absolutePath: string) => string;
}

/** A finding about the source itself: what a source can't give is a problem, never an empty value. */
export interface SourceFinding extends Finding {
  readonly source: ConfigSource;
}

/** The value of a variable. An empty one is unset: that is what `NAME= command` and compose files mean. */
export function readVariable({ env }: Surroundings, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value === '' ? undefined : value;
}

export type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string };

/** The message does not name the file: where a path was expected, a secret may have been given instead. */
export function readText({ readFile }: Surroundings, absolutePath: string): FileText {
  try {
    return { ok: true, text: readFile(absolutePath) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return { ok: false, message: `can't be read: ${REASONS[code] ?? code}` };
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** Editors and `echo` end a file with a line break; it is not part of the secret. */
export function readSecretFile(surroundings: Surroundings, absolutePath: string): FileText {
  const file = readText(surroundings, absolutePath);
  if (!file.ok) return { ok: false, message: `names a file that ${file.message}` };
  const text = file.text.replace(/[\r\n]+$/, '');
  return text === '' ? { ok: false, message: 'names a file that is empty' } : { ok: true, text };
}
