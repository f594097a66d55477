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
      return `must be ${issue.expected === 'record' ? 'an object' : `of type ${issue.expected}`}`;
    case 'too_big':
      return `must have at most ${issue.maximum} ${unit(issue.origin)}`;
    case 'too_small':
      return `must have at least ${issue.minimum} ${unit(issue.origin)}`;
    case 'invalid_format':
      return issue.format === 'email' ? 'must be an e-mail address' : issue.message;
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'has an invalid name';
    default:
      return issue.message;
  }
}

function unit(origin: string): string {
  return { string: 'characters', array: 'items', set: 'items' }[origin] ?? '';
}
