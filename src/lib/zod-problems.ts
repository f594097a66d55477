/** zod's issues as problems: JSON path and what is expected, never the value that was received. */
import type { z } from 'zod';
import type { Problem } from './refusal.ts';

export function zodProblems(error: z.ZodError): Problem[] {
  return error.issues.map((issue) => ({ path: jsonPath(issue.path), message: describe(issue) }));
}

function jsonPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '$';
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? safeName(String(part)) : `${text}.${safeName(String(part))}`;
  }, '');
}

/** A member name is the caller's text too: shown only when it is a plain word. */
function safeName(name: string): string {
  return /^[\w.@:/-]{1,64}$/.test(name) ? name : '?';
}

function describe(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (isAbsent(issue)) return 'is required';
      return `must be ${TYPES[issue.expected] ?? `of type ${issue.expected}`}`;
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    case 'too_big':
      return `must ${bound('at most', issue.maximum, issue.origin)}`;
    case 'too_small':
      return `must ${bound('at least', issue.minimum, issue.origin)}`;
    case 'invalid_format':
      return issue.format === 'email' ? 'must be an e-mail address' : issue.message;
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'has an invalid name';
    default:
      return issue.message;
  }
}

/** zod forgets what it was given, which is right; that it was given nothing is left in its own message only. */
function isAbsent({ message }: z.core.$ZodIssue): boolean {
  return message.endsWith(', received undefined');
}

/** Those whose name in zod is no word of JSON. */
const TYPES: Readonly<Record<string, string>> = { record: 'an object', int: 'a whole number' };

const COUNTED: Readonly<Record<string, string>> = { string: 'character', array: 'item', set: 'item' };

/** Of what is counted, how many it may have; of a number, what it may be. */
function bound(which: 'at most' | 'at least', limit: number | bigint, origin: string): string {
  const unit = COUNTED[origin];
  return unit === undefined
    ? `be ${which} ${limit}`
    : `have ${which} ${limit} ${unit}${limit === 1 ? '' : 's'}`;
}
