/** What every dialect takes from a request in the same way: who acts, on which client, under which key. */
import type { z } from 'zod';
import type { EndpointRequest } from '../lib/endpoint.ts';
import { Refusal } from '../lib/refusal.ts';
import { zodProblems } from '../lib/zod-problems.ts';
import type { Caller } from '../portals/caller.ts';
import type { Act } from '../registration/context.ts';
import { requireIdempotencyKey } from '../registration/idempotency.ts';

export type DialectRequest = EndpointRequest<Caller>;

/** `provider` from the path, or `local` where the path has none. */
export function actOf(request: DialectRequest): Act {
  const { caller, params, nowSeconds, idempotencyKey, route, body } = request;
  const { portal, initialAccessToken, initialAccessTokenSpent } = caller;
  return {
    portal,
    provider: params.provider ?? 'local',
    nowSeconds,
    initialAccessToken,
    initialAccessTokenSpent,
    idempotent:
      idempotencyKey === undefined
        ? undefined
        : { key: requireIdempotencyKey(idempotencyKey), route, initialAccessToken, body },
  };
}

export function idOf({ params }: DialectRequest): string {
  return params.client_id ?? '';
}

/** Parses what the schema describes; throws `Refusal` with every problem. */
export function parsed<T extends z.ZodType>(
  schema: T,
  value: unknown,
  reason: 'metadata_invalid' | 'query_invalid',
): z.output<T> {
  const result = schema.safeParse(value);
  if (!result.success) throw new Refusal(reason, { problems: zodProblems(result.error) });
  return result.data;
}
