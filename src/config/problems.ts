/** What is wrong with a configuration: every problem at once, each with the place where it was written. */

export interface ConfigProblem {
  /** JSON path of the member, `$` for a whole document: `resources["https://api.example.com"].scopes[1]`. */
  readonly path: string;
  /** What to do about it, in the imperative; never a received secret. */
  readonly message: string;
  /** Where the value came from, or should have come from. */
  readonly source: ConfigSource;
}

export type ConfigSource =
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'file'; readonly file: string };

/** The configuration can't be used. `problems` is never empty. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];
  /** One line each: what is no problem by itself, and may be why there is one. */
  readonly warnings: readonly string[];

  constructor(problems: readonly ConfigProblem[], warnings: readonly string[]) {
    super(`the configuration has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`);
    this.problems = problems;
    this.warnings = warnings;
  }
}

export type Path = readonly (string | number)[];

/** A problem before it is known where its value came from. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
}

const PLAIN_NAME = /^[A-Za-z_$][\w$]*$/;

export function jsonPath(path: Path): string {
  if (path.length === 0) return '$';
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!PLAIN_NAME.test(part)) return `${text}[${quoted(part)}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

const SHOWN_CHARACTERS = 60;

/** Text from the configuration as it may be shown: one line, escaped, cut. Never for secrets. */
export function quoted(text: string): string {
  const cut = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS - 1)}…` : text;
  return JSON.stringify(cut).replace(/[^\x20-\x7e…]/g, unicodeEscape);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
