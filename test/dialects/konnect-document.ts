/**
 * What Konnect's published document allows in an answer: `openapi/openapi.yaml`, version 0.1.0, of
 * github.com/Kong/konnect-portal-dcr-handler, its response schemas written down as zod, all of them
 * `additionalProperties: false`. Kong's own handler sends a client's times as epoch seconds all the same.
 */
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { Answer } from '../support/bridge.ts';
import { assertJson } from './strict-client.ts';

const client_id = z.string();
const client_secret = z.string();
const times = { created_at: z.iso.datetime().optional(), expires_at: z.iso.datetime().nullish() };

export const applicationResponse = z.strictObject({
  client_id,
  client_secret,
  client_id_issued_at: z.iso.datetime().optional(),
  client_secret_expires_at: z.iso.datetime().optional(),
});
export const secretResponse = z.strictObject({ client_id, client_secret });
const secretMetadata = z.strictObject({
  secret_id: z.string(),
  client_id,
  status: z.enum(['ACTIVE', 'INACTIVE']),
  ...times,
});
export const secretListResponse = z.strictObject({ secrets: z.array(secretMetadata) });
export const secretWithIdResponse = z.strictObject({
  secret_id: z.string(),
  client_id,
  client_secret,
  ...times,
});
/** Of a 400 and of a 401: the one place where other members may come along. */
const errorResponse = z.looseObject({ error: z.string().min(1), error_description: z.string().min(1) });

export function assertKonnect(answer: Answer, status: number, schema: z.ZodType): void {
  assert.equal(answer.status, status, answer.text);
  assertJson(answer);
  const { error } = schema.safeParse(answer.body);
  assert.equal(error?.message, undefined);
}

export function assertKonnectError(answer: Answer, status: number): void {
  assertKonnect(answer, status, errorResponse);
}

/** For a reader that knows epoch seconds and nothing else: no time of a client that it could choke on. */
export function assertNoTimes({ body }: Answer): void {
  assert.deepEqual(
    Object.keys(body).filter((name) => /_at$/.test(name)),
    [],
  );
}
