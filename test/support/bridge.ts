/** The acts of a portal and of a machine client, as small verbs over real HTTP. */
import { API_KEY, type TestService } from './service.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body, `{}` when there is none or it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  readonly body: any;
}

export async function send(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** One portal's view of the HTTP Bridge dialect. */
export function portal(service: TestService, { key = API_KEY, provider = 'local' } = {}) {
  const clients = `${service.managementUrl}/bridge/${provider}/clients`;
  const call = (method: string, path: string, body?: unknown) =>
    send(clients + path, {
      method,
      headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    create: (body: unknown = { client_name: 'a client', scope: 'read write' }) => call('POST', '', body),
    read: (id: string) => call('GET', `/${id}`),
    update: (id: string, body: unknown) => call('PUT', `/${id}`, body),
    rotate: (id: string, body?: unknown) => call('POST', `/${id}/rotate-secret`, body),
    delete: (id: string) => call('DELETE', `/${id}`),
  };
}

export interface Credentials {
  readonly client_id: string;
  readonly client_secret: string;
}

/** A token request by `client_secret_basic`. */
export function fetchToken(
  service: TestService,
  { client_id, client_secret }: Credentials,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return send(`${service.publicUrl}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }),
  });
}

/** A token request with these parameters in its form, and whatever authentication is in `headers`. */
export function postToken(
  service: TestService,
  parameters: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return send(`${service.publicUrl}/oauth2/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(parameters),
  });
}

/** The claims of a JWT, unverified. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into claims of many shapes
export function claimsOf(token: string): any {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
