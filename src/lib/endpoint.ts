/**
 * What a dialect gives to the HTTP server and what the server gives back, free of any framework: one row
 * of a route table. The server parses `request` before it calls `handle`, and `response` before it sends,
 * so that a wrong shape comes in as a 400 and an internal member can't slip out.
 */
import type { z } from 'zod';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface EndpointRequest<Caller> {
  /** Who is calling, established before the body was read. */
  readonly caller: Caller;
  /** Path parameters by name. */
  readonly params: Readonly<Record<string, string>>;
  /** The parsed JSON object; `{}` for an absent body where the endpoint allows one. */
  readonly body: Readonly<Record<string, unknown>>;
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

export interface Endpoint<Caller> {
  readonly method: HttpMethod;
  /** Route template, `:name` for a parameter. It is also the label in metrics and logs. */
  readonly path: string;
  /** `required`: a JSON object must come. `optional`: an empty body is `{}`. `none`: a body is not read. */
  readonly requestBody: 'required' | 'optional' | 'none';
  /** The response's body by status. */
  readonly responses: Readonly<Record<number, z.ZodType | null>>;
  readonly handle: (request: EndpointRequest<Caller>) => Promise<EndpointResponse>;
}
