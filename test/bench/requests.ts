/** Requests as the bytes that go over the wire, made once and sent thousands of times. */
import type { Credentials } from '../support/bridge.ts';

export const TOKEN_PATH = '/oauth2/token';
export const JWKS_PATH = '/.well-known/jwks.json';

export function tokenForm(resource: string): string {
  return new URLSearchParams({
    grant_type: 'client_credentials',
    resource,
    scope: 'read write',
  }).toString();
}

export function basicAuthorization({ client_id, client_secret }: Credentials): string {
  return `Basic ${btoa(`${client_id}:${client_secret}`)}`;
}

export function tokenRequest(client: Credentials, resource: string): Buffer {
  return formPost(tokenForm(resource), [`Authorization: ${basicAuthorization(client)}`]);
}

export function formRequest(parameters: Readonly<Record<string, string>>): Buffer {
  return formPost(new URLSearchParams(parameters).toString(), []);
}

function formPost(form: string, headers: readonly string[]): Buffer {
  return Buffer.from(
    [
      `POST ${TOKEN_PATH} HTTP/1.1`,
      'Host: 127.0.0.1',
      'Accept: */*',
      ...headers,
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${form.length}`,
      '',
      form,
    ].join('\r\n'),
  );
}

export const JWKS_REQUEST = Buffer.from(
  `GET ${JWKS_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n`,
);

export function jsonRequest(
  path: string,
  headers: Readonly<Record<string, string>>,
  document: Readonly<Record<string, unknown>>,
): Buffer {
  const body = JSON.stringify(document);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.join('')}` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}
