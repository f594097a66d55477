/**
 * A distinguished name in the writing of RFC 4514, brought into one form so that two can be compared:
 * attribute types in upper case, values unescaped, blanks around separators away. Values keep their case:
 * stricter than the directory's rules, never looser.
 */

/** `undefined` for what is no such name. */
export function parseDistinguishedName(text: string): string | undefined {
  const names = split(text, ',').map((relative) => split(relative, '+').map(attribute));
  if (names.some((relative) => relative.some((each) => each === undefined))) return undefined;
  // The attributes of one relative name are a set.
  return JSON.stringify(names.map((relative) => relative.sort()));
}

/** At separators that are not escaped. */
function split(text: string, separator: ',' | '+'): readonly string[] {
  const parts = [''];
  for (const [piece] of text.matchAll(/\\.|[^\\]|\\$/gs)) {
    if (piece === separator) parts.push('');
    else parts.push((parts.pop() ?? '') + piece);
  }
  return parts;
}

const ATTRIBUTE = /^\s*([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)\s*=\s*(.+)$/s;

function attribute(text: string): string | undefined {
  const [, type, written] = ATTRIBUTE.exec(text) ?? [];
  if (type === undefined || written === undefined) return undefined;
  const value = unescaped(withoutEndBlanks(written));
  return value === undefined || value === '' ? undefined : `${type.toUpperCase()}=${value}`;
}

/** A blank at the end counts when it is escaped. A pattern would begin again from every blank (S-HTTP-09). */
function withoutEndBlanks(text: string): string {
  let end = text.length;
  while (text[end - 1] === ' ' && text[end - 2] !== '\\') end -= 1;
  return text.slice(0, end);
}

function unescaped(text: string): string | undefined {
  // A hexadecimal dump of the value (`#04…`) would be a second way of writing the same.
  if (text.startsWith('#') || /(^|[^\\])(\\\\)*"/.test(text) || /(^|[^\\])(\\\\)*\\$/.test(text))
    return undefined;
  const bytes = [...text.matchAll(/\\([0-9A-Fa-f]{2})|\\?(.)/gsu)].map(([, hex, character = '']) =>
    hex === undefined ? Buffer.from(character) : Buffer.from(hex, 'hex'),
  );
  return Buffer.concat(bytes).toString('utf8');
}
