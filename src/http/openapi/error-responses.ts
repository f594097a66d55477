/** What an operation answers when it says no: by status, with the catalogue's own words as examples. */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { RefusalReason } from '../../lib/refusal.ts';
import type { UpstreamFailureReason } from '../../registration/upstream.ts';
import {
  ERROR_CATALOGUE,
  KEY_CHALLENGE,
  type PublicError,
  STORE_UNAVAILABLE,
  UPSTREAM_CATALOGUE,
} from '../error-catalogue.ts';
import { type Operation, refusalsOf, upstreamFailuresOf } from './refusals.ts';
import type { JsonSchema } from './schemas.ts';

export const errorBody = z
  .strictObject({
    error: z.string().meta({
      description: 'For programs: of RFC 7591 section 3.2.2 where one fits.',
      examples: [
        ...new Set(Object.values({ ...ERROR_CATALOGUE, ...UPSTREAM_CATALOGUE }).map(({ error }) => error)),
      ],
    }),
    error_description: z.string().meta({
      description:
        'For people: what to do about it, every problem by JSON path. Never a value that was sent.',
    }),
    error_id: z.string().meta({ description: "Finds this very answer in the operator's log." }),
    upstream_error: z.string().max(64).optional().meta({
      description: "The identity provider's own `error`, when it refused with one.",
    }),
    upstream_error_description: z.string().max(300).optional().meta({
      description: 'Its own description.',
    }),
  })
  .meta({ id: 'Error', description: 'The shape of every answer that is a no.' });

const ERROR_ID = '0b6f0a52-6a7e-4b8e-9d0c-3f7f2d7a1c55';

type ErrorName = RefusalReason | UpstreamFailureReason | 'store_unavailable';

const ERRORS: Readonly<Record<ErrorName, PublicError>> = {
  ...ERROR_CATALOGUE,
  ...UPSTREAM_CATALOGUE,
  store_unavailable: STORE_UNAVAILABLE,
};

/** Where the catalogue's sentence gives way to the problems of the request. */
const WITH_PROBLEMS: Partial<Record<ErrorName, string>> = {
  metadata_invalid: 'client_name: must have at most 100 characters; labels.team: must be of type string',
  redirect_uri_invalid:
    'redirect_uris[1]: must not use a javascript, data, vbscript, blob, file, about or intent scheme',
  query_invalid: '$: a parameter came twice',
};

/** What stands beside our own error when the identity provider gave its reason. */
const REFUSED_THERE = {
  upstream_error: 'invalid_redirect_uri',
  upstream_error_description: 'redirect_uris must use https',
};

export const ERROR_HEADERS = {
  RetryAfter: {
    description: 'Seconds to wait before another try.',
    required: true,
    schema: { type: 'integer', minimum: 0 },
    example: 5,
  },
  RetryAfterIfKnown: {
    description: 'Seconds to wait before another try; absent where waiting does not help.',
    required: false,
    schema: { type: 'integer', minimum: 0 },
    example: 5,
  },
  WWWAuthenticate: {
    description: 'The challenge (RFC 9110 section 11.6.1).',
    required: true,
    schema: { type: 'string' },
    example: KEY_CHALLENGE,
  },
} as const;

/** Every error as a named example, for operations to refer to. */
export function errorExamples(names: Iterable<ErrorName>): Record<string, object> {
  return Object.fromEntries([...names].map((name) => [name, { value: bodyOf(name) }]));
}

function bodyOf(name: ErrorName): z.output<typeof errorBody> {
  const { error, error_description } = ERRORS[name];
  const body = { error, error_description: WITH_PROBLEMS[name] ?? error_description, error_id: ERROR_ID };
  return name === 'upstream_refused' ? { ...body, ...REFUSED_THERE } : body;
}

/** Errors of the operation, without those that look to the caller exactly like one before. */
export function errorsOf(operation: Operation): readonly ErrorName[] {
  const names: ErrorName[] = [
    ...refusalsOf(operation),
    ...upstreamFailuresOf(operation),
    'store_unavailable',
  ];
  const bodies = names.map((name) => JSON.stringify(bodyOf(name)));
  return names.filter((_, index) => bodies.indexOf(bodies[index] ?? '') === index);
}

export function errorResponses(names: readonly ErrorName[], schema: JsonSchema): Record<string, object> {
  const byStatus = Map.groupBy(names, (name) => ERRORS[name].status);
  return Object.fromEntries(
    [...byStatus].map(([status, members]) => [status, errorResponse(status, members, schema)]),
  );
}

function errorResponse(status: number, names: readonly ErrorName[], schema: JsonSchema): object {
  const header = headerOf(status, names);
  const examples = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/examples/${name}` }]));
  return {
    description: `${STATUS_CODES[status]}.`,
    ...(header === undefined ? {} : { headers: headerReference(header) }),
    content: { 'application/json': { schema, examples } },
  };
}

function headerOf(status: number, names: readonly ErrorName[]): keyof typeof ERROR_HEADERS | undefined {
  if (status === 401) return 'WWWAuthenticate';
  if (status === 429 || status === 503) return 'RetryAfter';
  return names.some((name) => ERRORS[name].retryAfterSeconds !== undefined) ? 'RetryAfterIfKnown' : undefined;
}

function headerReference(name: keyof typeof ERROR_HEADERS): object {
  const header = name === 'WWWAuthenticate' ? 'WWW-Authenticate' : 'Retry-After';
  return { [header]: { $ref: `#/components/headers/${name}` } };
}
