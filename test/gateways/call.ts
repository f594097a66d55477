/** A request to a gateway as bytes that `fetch` would not send: `Authorization` more than once. */
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface GatewayAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Each header with its one value, or with several as lines of their own. */
export async function call(
  url: string,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<GatewayAnswer> {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [name, value]),
  );
  // A connection of its own: what one answer closes must not be the next one's trouble.
  const outgoing = request(url, { agent: false, headers: ['Host', new URL(url).host, ...lines] });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode ?? 0, headers: response.headers };
}

export function bearer(token: string): { readonly Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}
