/** A version and a text in one Redis string, `<version> <text>`: scripts read the first, we read both. */
import { damaged } from '../parse-record.ts';

export interface Versioned {
  readonly version: number;
  readonly text: string;
}

export function packVersioned(version: number, text: string): string {
  return `${version} ${text}`;
}

export function unpackVersioned(operation: string, label: string, stored: string): Versioned {
  const blank = stored.indexOf(' ');
  const version = Number(stored.slice(0, blank));
  if (blank < 1 || !Number.isSafeInteger(version) || version < 1) {
    throw damaged(operation, label, 'does not start with its version');
  }
  return { version, text: stored.slice(blank + 1) };
}
