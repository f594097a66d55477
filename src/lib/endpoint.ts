/**
 * What a dialect gives to the HTTP server and what the server gives back, free of any framework: one row
 * of a route table. The server parses what comes in and, with `responses`, what goes out, so that a wrong
 * shape comes in as a 400 and an internal member can't slip out. The OpenAPI document is made of the same
 * rows.
 */
import type { z } from 'zod';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface EndpointRequest<Caller> {
  /** Who is calling, established before the body was read. */
  readonly caller: Caller;
  /** Path parameters by name. */
  readonly params: Readonly<Record<string, string>>;
  /** Query parameters by name; one that came twice is refused before this. */
  readonly query: Readonly<Record<string, string>>;
  /** The parsed JSON object; `{}` for an absent body where the endpoint allows one. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The `Idempotency-Key` header, as it came. */
  readonly idempotencyKey: string | undefined;
  /** Method and path without the query: one text for one address, in whichever spelling it came. */
  readonly route: string;
  /** Epoch seconds, one reading for the whole request. */
  readonly nowSeconds: number;
}

export interface EndpointResponse {
  readonly status: number;
  /** Absent for a response without a body (204). */
  readonly body?: Readonly<Record<string, unknown>>;
  /** True when the body carries a secret: it is then sent with `no-store` and `Pragma: no-cache`. */
  readonly secret?: boolean;
}

export interface DocumentedResponse {
  readonly description: string;
  /** `null` for a response without a body. */
  readonly schema: z.ZodType | null;
  readonly example?: Readonly<Record<string, unknown>>;
}

export interface DocumentedBody {
  /** `required`: a JSON object must come. `optional`: an empty body is `{}`. */
  readonly presence: 'required' | 'optional';
  readonly schema: z.ZodType;
  readonly example: Readonly<Record<string, unknown>>;
}

export interface Endpoint<Caller> {
  readonly method: HttpMethod;
  /** Route template, `:name` for a parameter. It is also the label in metrics and logs. */
  readonly path: string;
  /** Unique; in the OpenAPI document. */
  readonly operationId: string;
  readonly summary: string;
  /** Absent: a body is not read. */
  readonly requestBody?: DocumentedBody;
  readonly query?: z.ZodType;
  /** Whether the act makes a secret and so takes an `Idempotency-Key`. */
  readonly idempotent?: boolean;
  /** By status; what is not here can't be answered. */
  readonly responses: Readonly<Record<number, DocumentedResponse>>;
  readonly handle: (request: EndpointRequest<Caller>) => Promise<EndpointResponse>;
}
