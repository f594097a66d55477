/**
 * S-HTTP-09: whatever text a caller puts where something looks for a pattern, it costs in proportion to its length.
 * What is compared is CPU time of the service's main thread: of a text that is repeated as a pattern's weak point
 * wants it, and of as many harmless letters in the same place. A pattern that tries again from every letter costs
 * hundreds of times as much.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { newClientKey } from '../support/assertion.ts';
import { type Credentials, portal } from '../support/bridge.ts';
import { proofOf } from '../support/proof.ts';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { API_KEY, startService, type TestService } from '../support/service.ts';

/** As long as headers and bodies may be. */
const HEADER_CHARACTERS = 12_000;
const MEMBER_CHARACTERS = 30_000;

/** What is repeated. */
const PUMPED = [
  ' ',
  '\t',
  ',',
  ', ',
  '"',
  '\\',
  '\\\\',
  '[',
  '{',
  '(',
  ':',
  '/',
  '/a',
  '.',
  'a.',
  '1.',
  '-',
  '=',
  '@',
  'a@',
  '%',
  '%41',
  '%2f',
  '+',
  ';',
  '; ',
  '*',
  '0',
  'A',
  '_',
  '&',
  '?',
  '#',
  'a b',
  ' "',
];
/** Comes after it, so that what looks for the end of the text has to begin again. */
const END = 'x!';

type Place = (text: string) => Promise<{ readonly url: string; readonly bytes: Buffer }>;

let service: TestService;
let client: Credentials;
before(async () => {
  service = await startService({ env: { TRUSTED_PROXIES: '127.0.0.1/32' } });
  client = (await portal(service).create({ scope: 'read write' })).body;
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

const HOST = 'Host: localhost';
const KEY = `X-API-KEY: ${API_KEY}`;

/** A header's value in a request that is good without it. */
const publicHeader =
  (name: string, scheme = ''): Place =>
  async (text) => ({
    url: service.publicUrl,
    bytes: rawRequest('GET /.well-known/jwks.json', [HOST, `${name}: ${scheme}${text}`]),
  });
const tokenHeader =
  (name: string, scheme = ''): Place =>
  async (text) => {
    const form = 'Content-Type: application/x-www-form-urlencoded';
    const headers = [HOST, ...(name === 'Content-Type' ? [] : [form]), `${name}: ${scheme}${text}`];
    return {
      url: service.publicUrl,
      bytes: rawRequest('POST /oauth2/token', headers, 'grant_type=client_credentials&scope=read'),
    };
  };
const portalHeader =
  (name: string, scheme = ''): Place =>
  async (text) => ({
    url: service.managementUrl,
    bytes: rawRequest(
      'POST /bridge/local/clients',
      [
        HOST,
        ...(name === 'Content-Type' ? [] : ['Content-Type: application/json']),
        ...(name === 'X-API-KEY' || name === 'Authorization' ? [] : [KEY]),
        `${name}: ${scheme}${text}`,
      ],
      '{"scope":5}',
    ),
  });
const target =
  (path: string): Place =>
  async (text) => ({
    url: service.publicUrl,
    bytes: rawRequest(`GET ${path}${encodeURI(text).replaceAll('#', '%23')}`, [HOST]),
  });
const listing =
  (query: string): Place =>
  async (text) => ({
    url: service.managementUrl,
    bytes: rawRequest(`GET /bridge/local/clients?${query}${encodeURIComponent(text)}`, [HOST, KEY]),
  });
const parameter =
  (name: string): Place =>
  async (text) => {
    const { client_id, client_secret } = client;
    const form = { grant_type: 'client_credentials', client_id, client_secret, [name]: text };
    return {
      url: service.publicUrl,
      bytes: rawRequest(
        'POST /oauth2/token',
        [HOST, 'Content-Type: application/x-www-form-urlencoded'],
        // Every character as it is, where a form lets it: escaped, most would be too long.
        Object.entries(form)
          .map(([key, value]) => `${key}=${value.replaceAll(/[%&+#]/g, encodeURIComponent)}`)
          .join('&'),
      ),
    };
  };
/** A member of what a portal registers; always wrong beside, so that nothing is made. */
const member =
  (make: (text: string) => object): Place =>
  async (text) => ({
    url: service.managementUrl,
    bytes: rawRequest(
      'POST /bridge/local/clients',
      [HOST, KEY, 'Content-Type: application/json'],
      JSON.stringify({ response_types: 5, ...make(text) }),
    ),
  });
const key = await newClientKey();
const proof =
  (claims: (text: string) => object, header: (text: string) => object = () => ({})): Place =>
  async (text) => {
    const dpop = await proofOf(key, service.issuer, { ...claims(text) }, { ...header(text) });
    return tokenHeader('DPoP')(dpop);
  };

const HEADERS: Readonly<Record<string, Place>> = {
  'User-Agent': publicHeader('User-Agent'),
  'X-JWKS-Reader': publicHeader('X-JWKS-Reader'),
  'If-None-Match': publicHeader('If-None-Match'),
  Accept: publicHeader('Accept'),
  'Accept-Encoding': publicHeader('Accept-Encoding'),
  Cookie: publicHeader('Cookie'),
  Forwarded: publicHeader('Forwarded'),
  'X-Forwarded-For': publicHeader('X-Forwarded-For'),
  'X-Forwarded-Proto': publicHeader('X-Forwarded-Proto'),
  'X-Forwarded-Host': publicHeader('X-Forwarded-Host'),
  'the path': target('/'),
  'the path of a key': target('/.well-known/keys/'),
  'the name of a reader': target('/.well-known/jwks.json?reader='),
  'Content-Type of a form': tokenHeader('Content-Type', 'application/x-www-form-urlencoded'),
  'Authorization at the token endpoint': tokenHeader('Authorization'),
  'Basic at the token endpoint': tokenHeader('Authorization', 'Basic '),
  'Client-Cert': tokenHeader('Client-Cert', ':'),
  DPoP: tokenHeader('DPoP'),
  'X-API-KEY': portalHeader('X-API-KEY'),
  Authorization: portalHeader('Authorization'),
  'Bearer ': portalHeader('Authorization', 'Bearer '),
  'Content-Type of JSON': portalHeader('Content-Type', 'application/json'),
  'Idempotency-Key': portalHeader('Idempotency-Key'),
  'label of a listing': listing('label.a='),
  'cursor of a listing': listing('cursor='),
  'htu of a proof': proof((text) => ({ htu: `https://${text.slice(0, 7000)}` })),
  'typ of a proof': proof(
    () => ({}),
    (text) => ({ typ: `application/${text.slice(0, 7000)}` }),
  ),
};

const MEMBERS: Readonly<Record<string, Place>> = {
  ...Object.fromEntries(
    [
      'grant_type',
      'scope',
      'client_id',
      'client_secret',
      'resource',
      'client_assertion',
      'client_assertion_type',
    ].map((name) => [`${name} of a token request`, parameter(name)]),
  ),
  ...Object.fromEntries(
    [
      'client_name',
      'description',
      'scope',
      'tls_client_auth_san_dns',
      'tls_client_auth_san_uri',
      'tls_client_auth_san_ip',
      'tls_client_auth_san_email',
      'token_endpoint_auth_method',
      'application_type',
    ].map((name) => [name, member((text) => ({ [name]: text }))]),
  ),
  scopes: member((text) => ({ scopes: [text] })),
  grant_types: member((text) => ({ grant_types: [text] })),
  contacts: member((text) => ({ contacts: [text] })),
  'contacts, behind a name': member((text) => ({ contacts: [`a@${text}`] })),
  redirect_uris: member((text) => ({ redirect_uris: [text] })),
  'redirect_uris with a host': member((text) => ({ redirect_uris: [`https://${text}`] })),
  'the start of a scheme': member((text) => ({ redirect_uris: [`${text}javascript`] })),
  client_uri: member((text) => ({ client_uri: `https://${text}` })),
  jwks_uri: member((text) => ({ jwks_uri: `https://${text}` })),
  'name of a label': member((text) => ({ labels: { [text]: 'x' } })),
  'value of a label': member((text) => ({ labels: { x: text } })),
  'name of a member': member((text) => ({ [text]: 'x' })),
  'a distinguished name': member((text) => ({ tls_client_auth_subject_dn: text })),
  'a value of a distinguished name': member((text) => ({ tls_client_auth_subject_dn: `CN=a${text}` })),
  'a type of a distinguished name': member((text) => ({ tls_client_auth_subject_dn: `1${text}` })),
  'modulus of a key': member((text) => ({ jwks: { keys: [{ kty: 'RSA', e: 'AQAB', n: text }] } })),
  'certificate of a key': member((text) => ({
    jwks: { keys: [{ kty: 'RSA', e: 'AQAB', n: 'AQAB', x5c: [text] }] },
  })),
};

/** Milliseconds that its main thread was on a processor; others' load does not count (proc(5)). */
function cpuMs(): number {
  const [onCpu = ''] = readFileSync(`/proc/${service.pid}/schedstat`, 'utf8').split(' ');
  return Number(onCpu) / 1e6;
}

async function costMs(place: Place, text: string): Promise<number> {
  const { url, bytes } = await place(text);
  const before = cpuMs();
  const { status } = await sendRaw(url, bytes, 20_000);
  const spent = cpuMs() - before;
  assert.ok(status !== 500, `${status} for ${text.slice(0, 20)}…`);
  return spent;
}

/** Of a few: what a compilation or a collection of garbage adds comes once. */
async function leastCostMs(place: Place, text: string): Promise<number> {
  const costs = [];
  for (let time = 0; time < 4; time += 1) costs.push(await costMs(place, text));
  return Math.min(...costs);
}

/** A busy processor's caches and clock make a factor of some; a pattern that tries again makes hundreds. */
const AT_MOST = 12;

for (const [of, places, characters] of [
  ['headers and targets', HEADERS, HEADER_CHARACTERS],
  ['parameters and members', MEMBERS, MEMBER_CHARACTERS],
] as const) {
  test(`S-HTTP-09: ${of}: no text costs more than as many letters do`, async () => {
    for (const [name, place] of Object.entries(places)) {
      const harmlessMs = Math.max(1, await leastCostMs(place, 'a'.repeat(characters)));
      for (const pumped of PUMPED) {
        const text = pumped.repeat(Math.ceil(characters / pumped.length)).slice(0, characters) + END;
        let spentMs = await costMs(place, text);
        if (spentMs > AT_MOST * harmlessMs) spentMs = await leastCostMs(place, text);
        assert.ok(
          spentMs <= AT_MOST * harmlessMs,
          `${name}: ${JSON.stringify(pumped)} costs ${spentMs.toFixed(1)} ms, letters ${harmlessMs.toFixed(1)} ms`,
        );
      }
    }
  });
}
