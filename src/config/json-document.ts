/**
 * Reads a JSON text that a person wrote, and says where it is broken. `JSON.parse` gives a position only
 * for some faults, quotes the text around it (which may be a secret), and lets the last of two members of
 * the same name win in silence; here a repeated member is a fault.
 */

export type JsonDocument =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly line: number; readonly column: number; readonly message: string };

export function parseJsonDocument(text: string): JsonDocument {
  const json = text.replace(/^\ufeff/, '');
  try {
    checkGrammar(json);
    return { ok: true, value: JSON.parse(json) };
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const before = json.slice(0, error.offset).split('\n');
    return {
      ok: false,
      line: before.length,
      column: (before.at(-1) ?? '').length + 1,
      message: error.message,
    };
  }
}

class JsonFault extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)(?![\w.+-])/y;
const MAX_DEPTH = 64;

/** Walks the grammar of RFC 8259 and throws a `JsonFault` where the text leaves it. */
function checkGrammar(text: string): void {
  let at = 0;
  const fail = (message: string, offset = at): never => {
    throw new JsonFault(offset, message);
  };
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.test(text);
    if (found) at = pattern.lastIndex;
    return found;
  };

  const value = (depth: number): void => {
    if (depth > MAX_DEPTH) fail('is nested too deeply');
    if (text[at] === '{') object(depth);
    else if (text[at] === '[') list(']', () => value(depth + 1));
    else if (!(take(STRING) || take(SCALAR))) fail('expected a value');
  };
  const object = (depth: number): void => {
    const names = new Set<string>();
    list('}', () => {
      const start = at;
      if (!take(STRING)) fail('expected the name of a member, in double quotes');
      const name: string = JSON.parse(text.slice(start, at));
      if (names.has(name)) fail('this member is stated twice', start);
      names.add(name);
      take(SPACE);
      if (text[at] !== ':') fail('expected ":"');
      at += 1;
      take(SPACE);
      value(depth + 1);
    });
  };
  const list = (close: string, item: () => void): void => {
    at += 1;
    take(SPACE);
    let more = text[at] !== close;
    while (more) {
      item();
      take(SPACE);
      more = text[at] === ',';
      if (more) at += 1;
      take(SPACE);
    }
    if (text[at] !== close) fail(`expected "," or "${close}"`);
    at += 1;
  };

  take(SPACE);
  value(0);
  take(SPACE);
  if (at < text.length) fail('expected the end of the document');
}
