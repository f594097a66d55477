/**
 * The floor: the least that a token can cost on this machine. A bare `node:http` server that parses the
 * form, checks the Basic secret against its keyed hash and signs the same JWT; and the same JWKS bytes. It
 * knows one client, keeps no log, counts nothing and refuses without an explanation. If the client has a key
 * instead, it verifies its assertion and claims it in Redis.
 */
import {
  createHmac,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { derToJose } from '../../src/keys/ecdsa-signature.ts';
import { type Alg, bareSettings, reportPort } from './bare-settings.ts';

const settings = bareSettings();
const pepper = createSecretKey(randomBytes(32));
const hash = (secret: string): Buffer => createHmac('sha256', pepper).update(secret).digest();
const expected = hash(settings.clientSecret);
const jwks = Buffer.from(settings.jwks);
const redis = settings.redisUrl === undefined ? undefined : new Redis(settings.redisUrl);
const clientKey =
  settings.clientJwk === undefined
    ? undefined
    : createPublicKey({ key: { ...settings.clientJwk }, format: 'jwk' });

const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const base64url = (text: string): string => Buffer.from(text).toString('base64url');
// As long as a thumbprint is, so that both servers send as many bytes.
const header = (alg: Alg) => base64url(JSON.stringify({ alg, typ: 'at+jwt', kid: 'k'.repeat(43) }));

const SIGNERS: Readonly<Record<Alg, { header: string; sign: (data: string) => string }>> = {
  ES256: {
    header: header('ES256'),
    sign: (data) =>
      Buffer.from(derToJose(sign('sha256', Buffer.from(data), ecKey), 32)).toString('base64url'),
  },
  RS256: {
    header: header('RS256'),
    sign: (data) => sign('sha256', Buffer.from(data), rsaKey).toString('base64url'),
  },
};

function isTheClient(authorization = ''): boolean {
  const [scheme, credentials = ''] = authorization.split(' ');
  const pair = Buffer.from(credentials, 'base64').toString();
  const colon = pair.indexOf(':');
  const actual = hash(decodeURIComponent(pair.slice(colon + 1)));
  const isId = decodeURIComponent(pair.slice(0, colon)) === settings.clientId;
  return timingSafeEqual(actual, expected) && isId && scheme === 'Basic';
}

const ASSERTION_SECONDS = 60;

async function isOfTheClient(assertion: string): Promise<boolean> {
  const [head = '', body = '', signature = ''] = assertion.split('.');
  const { iss, sub, aud, exp, jti } = JSON.parse(Buffer.from(body, 'base64url').toString());
  const isMeant = iss === settings.clientId && sub === iss && aud === settings.issuer;
  const isSigned =
    clientKey !== undefined &&
    verify(
      'sha256',
      Buffer.from(`${head}.${body}`),
      { key: clientKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
  if (!isMeant || !isSigned || exp * 1000 < Date.now()) return false;
  return (await redis?.set(`floor:${jti}`, '1', 'EX', ASSERTION_SECONDS, 'NX')) === 'OK';
}

function accessToken(resource: string, alg: Alg, scope: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    application_id: settings.applicationId,
    iss: settings.issuer,
    sub: settings.clientId,
    client_id: settings.clientId,
    azp: settings.clientId,
    aud: resource,
    scope,
    iat: now,
    exp: now + settings.tokenLifetimeSeconds,
    jti: randomBytes(16).toString('base64url'),
  };
  const signer = SIGNERS[alg];
  const signed = `${signer.header}.${base64url(JSON.stringify(claims))}`;
  return `${signed}.${signer.sign(signed)}`;
}

async function answerToken(request: IncomingMessage, response: ServerResponse, body: string) {
  const form = new URLSearchParams(body);
  const assertion = form.get('client_assertion');
  if (assertion === null) answerClient(form, response, isTheClient(request.headers.authorization));
  else answerClient(form, response, await isOfTheClient(assertion));
}

function answerClient(form: URLSearchParams, response: ServerResponse, isValid: boolean): void {
  const resource = form.get('resource') ?? '';
  const alg = settings.resources[resource];
  const scope = form.get('scope') ?? settings.scope;
  if (!isValid || alg === undefined || form.get('grant_type') !== 'client_credentials') {
    response.writeHead(400).end();
    return;
  }
  const token = {
    access_token: accessToken(resource, alg, scope),
    token_type: 'Bearer',
    expires_in: settings.tokenLifetimeSeconds,
    scope,
  };
  send(response, JSON.stringify(token), { 'Cache-Control': 'no-store', Pragma: 'no-cache' });
}

function send(response: ServerResponse, body: string | Buffer, headers: Record<string, string>): void {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

const server = createServer((request, response) => {
  if (request.method === 'GET') return send(response, jwks, { 'Cache-Control': 'public, max-age=300' });
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => answerToken(request, response, Buffer.concat(chunks).toString()));
});
server.listen(0, '127.0.0.1', () => reportPort((server.address() as AddressInfo).port));
