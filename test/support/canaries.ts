/**
 * Secrets that must be nowhere, and the look for them: as they are, the beginning of one that was cut, and in the
 * forms that carelessness gives them (base64 at any place of a longer text, hex, percent-encoded, decoded).
 */

export interface Canaries {
  /** Of a JWT the signature is what must not be found: the rest tells what is no secret. Gives the value back. */
  add(what: string, value: unknown): string;
  /** Every one that is in the bytes, and in which form; each name once. */
  foundIn(bytes: Uint8Array | string): readonly string[];
  readonly size: number;
}

/** Shorter ones would be found by chance. */
const LEAST_CHARACTERS = 20;
const CUT_CHARACTERS = 24;

export function canaries(): Canaries {
  const known = new Map<string, ReadonlyMap<string, string>>();
  const names = new Set<string>();
  return {
    add(what, value) {
      if (typeof value !== 'string' || value.length < LEAST_CHARACTERS) throw new Error(`no secret: ${what}`);
      const secret = value.split('.').length === 3 ? (value.split('.')[2] as string) : value;
      if (!known.has(secret)) known.set(secret, formsOf(secret, what));
      names.add(what);
      return value;
    },
    foundIn(bytes) {
      const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
      const found = [...known.values()].flatMap((forms) =>
        [...forms].filter(([form]) => text.includes(form)).map(([, what]) => what),
      );
      return [...new Set(found)];
    },
    get size() {
      return names.size;
    },
  };
}

/** What to look for, and what it is then called. */
function formsOf(secret: string, what: string): ReadonlyMap<string, string> {
  const bytes = Buffer.from(secret);
  const forms: [form: string, name: string][] = [
    [secret, 'in clear'],
    [secret.slice(0, CUT_CHARACTERS), 'cut'],
    ...encodings(bytes),
  ];
  const decoded = Buffer.from(secret, 'base64url');
  // A key is kept as its bytes, and told as base64url of them.
  if (decoded.toString('base64url') === secret) {
    forms.push([decoded.toString('latin1'), 'as bytes'], ...encodings(decoded));
  }
  return new Map(forms.map(([form, name]) => [form, `${what}, ${name}`]));
}

function encodings(bytes: Buffer): [string, string][] {
  const hex = bytes.toString('hex');
  const percent = hex.replace(/../g, '%$&');
  const inside = [0, 1, 2].map((before) => base64Inside(bytes, before));
  return [
    ...inside.map((text): [string, string] => [text, 'in base64']),
    ...inside.map((text): [string, string] => [
      text.replaceAll('+', '-').replaceAll('/', '_'),
      'in base64url',
    ]),
    [hex, 'in hex'],
    [hex.toUpperCase(), 'in hex'],
    [percent, 'percent-encoded'],
    [percent.toUpperCase(), 'percent-encoded'],
  ];
}

/** What base64 has of the bytes alone, where so many others are before them, and some behind. */
function base64Inside(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes])
    .toString('base64')
    .replaceAll('=', '');
  return text.slice(before === 0 ? 0 : before + 1, -1);
}
