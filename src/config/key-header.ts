/**
 * The name of a header in which a portal may send its key, besides those that are read anyway. A header
 * that requests carry for another reason is refused: its value would be taken for a second key, and every
 * request be turned down for having two.
 */
import { z } from 'zod';

const READ_ANYWAY = ['x-api-key', 'authorization'];
const NEVER_A_KEY = [
  ...['accept', 'accept-encoding', 'accept-language', 'connection', 'content-encoding', 'content-length'],
  ...[
    'content-type',
    'cookie',
    'date',
    'expect',
    'forwarded',
    'host',
    'idempotency-key',
    'origin',
    'referer',
  ],
  ...['te', 'traceparent', 'transfer-encoding', 'upgrade', 'user-agent', 'via', 'x-forwarded-for'],
  ...['x-forwarded-host', 'x-forwarded-proto', 'x-request-id'],
];

export const keyHeader = z
  .string()
  .regex(/^[a-z0-9-]{1,64}$/, { error: 'must be a header name in lower case' })
  .refine((name) => !READ_ANYWAY.includes(name), { error: 'is read anyway' })
  .refine((name) => !NEVER_A_KEY.includes(name), {
    error: 'has another meaning: a key can not be told in it',
  });
