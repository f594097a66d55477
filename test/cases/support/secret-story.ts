/**
 * One story with everything in it that is secret: every dialect, every way to authenticate, rotated, wrong, deleted,
 * and with a store that fails. It collects the secrets and the errors, for whoever looks where they are.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AUTH_METHODS } from '../../../src/clients/auth-method.ts';
import { deriveKey } from '../../../src/keys/derive.ts';
import { parseKeyEncryptionKey } from '../../../src/keys/key-encryption-key.ts';
import type { Ring } from '../../../src/keys/ring.ts';
import { unsealPrivateKey } from '../../../src/keys/seal.ts';
import { issueInitialAccessToken } from '../../../src/portals/manage.ts';
import type { PortalName } from '../../../src/portals/portal-name.ts';
import { assertionOf, newClientKey, tokenByAssertion } from '../../support/assertion.ts';
import { type Answer, type Credentials, fetchToken, postToken, send } from '../../support/bridge.ts';
import { type Canaries, canaries } from '../../support/canaries.ts';
import { newAuthority, newCertificate } from '../../support/certificates.ts';
import {
  asPortal,
  BRIDGE,
  bearing,
  type Call,
  DIALECTS,
  type Made,
  PUBLIC_REGISTER,
} from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { basic } from '../../support/inspection.ts';
import { proofOf } from '../../support/proof.ts';
import { API_KEY, type TestService } from '../../support/service.ts';
import { type CaseBridge, EVERY_PORTAL, KEY_ENCRYPTION_KEY } from './bridge.ts';

const AUTHORITY = newAuthority('an authority');
const GRANT = { grant_type: 'client_credentials' };
const APPLICATION = { name: 'a client', description: 'tells a story', redirectUris: [], scopes: ['read'] };
/** What the service is started with. */
export const ENV = {
  LOG_LEVEL: 'trace',
  TRUSTED_PROXIES: '127.0.0.1/32',
  CLIENT_CA_FILE: AUTHORITY.certFile,
};

export const PORTALS = {
  '*': { ...EVERY_PORTAL, token_endpoint_auth_methods: AUTH_METHODS },
  hashing: { max_secrets: 5, secret_overlap_seconds: 60 },
  keeping: { max_secrets: 5, secret_storage: 'recoverable' },
};

/** A service, what it must keep to itself, and the errors that it answered. */
export interface Told {
  readonly bridge: CaseBridge;
  readonly service: TestService;
  readonly secrets: Canaries;
  readonly errors: string[];
  /** What is answered is looked through later if it is an error, and its credentials are secrets. */
  seen(what: string, answer: Promise<Answer>, status?: number): Promise<Answer>;
}

const CREDENTIALS = ['client_secret', 'access_token', 'registration_access_token'];

export function told(bridge: CaseBridge): Told {
  const secrets = canaries();
  const errors: string[] = [];
  return {
    ...{ bridge, service: bridge.service, secrets, errors },
    async seen(what, request, status) {
      const answer = await request;
      if (status !== undefined) assert.equal(answer.status, status, `${what}: ${answer.text}`);
      if (answer.status >= 400) errors.push(JSON.stringify([answer.text, ...answer.headers]));
      else {
        for (const member of CREDENTIALS) {
          if (answer.body[member] !== undefined) secrets.add(`${member} of ${what}`, answer.body[member]);
        }
      }
      return answer;
    },
  };
}

async function throughEveryDialect({ bridge, service, seen, secrets }: Told): Promise<void> {
  for (const portal of ['hashing', 'keeping']) {
    const key = secrets.add(`the key of ${portal}`, await bridge.addPortal(portal));
    for (const [name, dialectOf] of DIALECTS) {
      const what = (act: string) => `${act} (${name}, ${portal})`;
      const dialect = dialectOf(service, key);
      const { body: made } = await seen(what('a create'), dialect.create(APPLICATION), 201);
      await seen(what('a token'), fetchToken(service, made), 200);
      await dialect.read?.(made);
      await seen(what('an update'), dialect.update(made, { ...APPLICATION, name: 'another name' }));
      const { body: fresh } = await seen(what('a rotation'), dialect.rotate(made), 200);
      for (const one of [made, fresh]) await seen(what('a token after it'), fetchToken(service, one));
      await secretsOf(what, dialect, made, seen);
      await seen(what('a delete'), dialect.delete(made), 204);
      await seen(what('a token of nobody'), fetchToken(service, fresh), 401);
      await seen(what('a delete again'), dialect.delete(made));
    }
  }
}

async function secretsOf(
  what: (act: string) => string,
  { secrets }: ReturnType<NonNullable<ReturnType<typeof DIALECTS.get>>>,
  made: Made,
  seen: Told['seen'],
): Promise<void> {
  if (secrets === undefined) return;
  const { body: added } = await seen(what('an added secret'), secrets.add(made), 201);
  await seen(what('a list of secrets'), secrets.list(made));
  await seen(what('a removed secret'), secrets.delete(made, added.secret_id), 204);
}

async function byEveryMethod({ service, secrets, seen }: Told): Promise<void> {
  const create = async (what: string, metadata: object) =>
    (await seen(what, asPortal(service)('POST', BRIDGE, { scope: 'read', ...metadata }))).body;
  const [key, stranger] = [await newClientKey(), await newClientKey()];

  const byForm = await create('client_secret_post', { token_endpoint_auth_method: 'client_secret_post' });
  await seen('a token by form', postToken(service, { ...GRANT, ...byFormOf(byForm) }), 200);

  const jwks = { keys: [key.jwk] };
  const byKey = await create('private_key_jwt', { token_endpoint_auth_method: 'private_key_jwt', jwks });
  const whose = { client_id: byKey.client_id, issuer: service.issuer };
  const right = secrets.add('an assertion', await assertionOf(key, whose));
  const wrong = secrets.add('a wrong assertion', await assertionOf(stranger, whose));
  for (const [assertion, status] of [
    [right, 200],
    [right, 401],
    [wrong, 401],
  ] as const) {
    await seen('a token by assertion', tokenByAssertion(service, assertion), status);
  }

  for (const [method, metadata, certificate] of [
    ['self_signed_tls_client_auth', {}, newCertificate({ subject: '/CN=alone' })],
    [
      'tls_client_auth',
      { tls_client_auth_subject_dn: 'CN=a client' },
      newCertificate({ subject: '/CN=a client' }, AUTHORITY),
    ],
  ] as const) {
    const { raw, publicKey } = new X509Certificate(certificate.cert);
    const own = method.startsWith('self')
      ? { jwks: { keys: [publicKey.export({ format: 'jwk' })] } }
      : metadata;
    const { client_id } = await create(method, { token_endpoint_auth_method: method, ...own });
    const header = { 'client-cert': `:${raw.toString('base64')}:` };
    await seen(`a token by ${method}`, postToken(service, { ...GRANT, client_id }, header), 200);
  }

  const client: Credentials = await create('a client with DPoP', {});
  const proof = secrets.add('a DPoP proof', await proofOf(key, service.issuer));
  const strange = secrets.add('a wrong proof', await proofOf(key, 'https://elsewhere.example'));
  for (const [dpop, status] of [
    [proof, 200],
    [proof, 400],
    [strange, 400],
  ] as const) {
    await seen('a token with a proof', postToken(service, GRANT, { ...basic(client), dpop }), status);
  }
  const { body } = await seen('a token', fetchToken(service, client));
  for (const path of ['introspect', 'revoke', 'introspect']) {
    const form = new URLSearchParams({ token: body.access_token });
    const url = `${service.publicUrl}/oauth2/${path}`;
    await seen(path, send(url, { method: 'POST', headers: basic(client), body: form }));
  }
}

const byFormOf = ({ client_id, client_secret }: Credentials) => ({ client_id, client_secret });

async function registered({ bridge, service, secrets, seen }: Told): Promise<void> {
  const issued = await bridge.asOperator((portals) =>
    issueInitialAccessToken(portals, 'test' as PortalName, 1, 60),
  );
  const initial = bearing(service, secrets.add('an initial access token', issued));
  for (const what of ['a registration', 'one too many'])
    await seen(what, initial('POST', PUBLIC_REGISTER, {}));
  const once = { 'idempotency-key': secrets.add('an idempotency key', randomUUID()) };
  for (const body of [{}, {}, { scope: 'read' }]) {
    await seen('a repeated create', asPortal(service)('POST', BRIDGE, body, once));
  }
  const { privateKey } = await newClientKey();
  const jwk = await crypto.subtle.exportKey('jwk', privateKey as never);
  secrets.add("a client's private key", jwk.d);
  await seen('a private key', asPortal(service)('POST', BRIDGE, { jwks: { keys: [jwk] } }));
}

/** With credentials that are right as far as they go, each in its place. */
async function wrongOnes({ service, secrets, seen }: Told): Promise<void> {
  const { body: client } = await seen('a client', asPortal(service)('POST', BRIDGE, {}));
  const invented = (what: string) => secrets.add(what, `dcrs_${randomBytes(24).toString('hex')}`);
  const wrong = { ...client, client_secret: invented('a wrong secret') };
  await seen('basic', fetchToken(service, wrong));
  await seen('form', postToken(service, { ...GRANT, ...byFormOf(wrong) }));
  await seen(
    'a wrong key',
    asPortal(service, invented('a wrong key'))('GET', `${BRIDGE}/${client.client_id}`),
  );
  const strange = bearing(service, `dcrr_${invented('a wrong registration token')}`);
  await seen('a wrong registration token', strange('GET', `${PUBLIC_REGISTER}/${client.client_id}`));
  await seen(
    'a wrong initial token',
    bearing(service, `dcri_${invented('a wrong one')}`)('POST', PUBLIC_REGISTER, {}),
  );
}

/** Everything that writes, and a token that has to ask, while the store fails. */
async function whileFailing(
  { service, secrets, seen }: Told,
  clients: readonly Credentials[],
): Promise<void> {
  const portal: Call = asPortal(service);
  for (const { client_id, client_secret } of clients) {
    const chosen = {
      client_secret: secrets.add('a secret that a portal chose', randomBytes(20).toString('hex')),
    };
    const once = { 'idempotency-key': secrets.add('a key while failing', randomUUID()) };
    const answers = [
      await seen('a create', portal('POST', BRIDGE, chosen, once)),
      await seen('a rotation', portal('POST', `${BRIDGE}/${client_id}/rotate-secret`, {}, once)),
      await seen('an added secret', portal('POST', `${BRIDGE}/${client_id}/secrets`, {}, once)),
    ];
    for (const { status } of answers) assert.equal(status, 503);
    await seen('a token while failing', fetchToken(service, { client_id, client_secret }));
    const wrong = secrets.add('a wrong secret while failing', randomBytes(20).toString('hex'));
    await seen('a wrong one', fetchToken(service, { client_id, client_secret: wrong }));
  }
}

async function withFailures(story: Told, fail: readonly (() => Promise<() => unknown>)[]): Promise<void> {
  for (const begin of fail) {
    const create = () => story.seen('a client', asPortal(story.service)('POST', BRIDGE, {}));
    const { body } = await create();
    const end = await begin();
    try {
      await whileFailing(story, [body]);
    } finally {
      await end();
    }
    await eventually(async () => assert.equal((await create()).status, 201), 10_000);
  }
}

/** What the service itself must keep: never sent by anybody, and never in an answer. */
async function ownSecrets({ service, secrets }: Told): Promise<void> {
  secrets.add('the key-encryption key', KEY_ENCRYPTION_KEY);
  secrets.add("the portal's key", API_KEY);
  const kek = parseKeyEncryptionKey(KEY_ENCRYPTION_KEY);
  for (const purpose of ['ring-encryption', 'client-secret-pepper', 'idempotency-sealing'] as const) {
    secrets.add(`the key for ${purpose}`, Buffer.from(deriveKey(kek, purpose)).toString('base64url'));
  }
  const { ring } = JSON.parse(readFileSync(join(service.directory, 'keys', 'ring.json'), 'utf8')) as {
    ring: Ring;
  };
  for (const { kid, sealed_private_key: sealed } of ring.keys) {
    assert.ok(sealed);
    const jwk = (await unsealPrivateKey(kek, kid, sealed)).export({ format: 'jwk' });
    for (const member of ['d', 'p', 'q'] as const) {
      if (jwk[member]) secrets.add(`${member} of a signing key`, jwk[member]);
    }
  }
}

export async function tellAll(story: Told, fail: readonly (() => Promise<() => unknown>)[]): Promise<void> {
  await ownSecrets(story);
  await throughEveryDialect(story);
  await byEveryMethod(story);
  await registered(story);
  await wrongOnes(story);
  await withFailures(story, fail);
  assert.ok(story.secrets.size > 80, `${story.secrets.size} secrets`);
  assert.ok(story.errors.length > 30, `${story.errors.length} errors`);
}
