/** zod's issues as sentences for the person who wrote the configuration. Schemas that say it better keep their own. */
import type { z } from 'zod';

export const message: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must ${bound(issue.origin, 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${bound(issue.origin, 'at most', issue.maximum)}`;
    case 'invalid_union':
      return 'must be a text, a number, true or false';
    default:
      return undefined;
  }
};

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a whole number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function bound(origin: string, limit: 'at least' | 'at most', count: number | bigint): string {
  if (origin === 'string') return `have ${limit} ${count} ${count === 1 ? 'character' : 'characters'}`;
  if (origin === 'array') return `have ${limit} ${count} ${count === 1 ? 'entry' : 'entries'}`;
  return `be ${limit} ${count}`;
}
