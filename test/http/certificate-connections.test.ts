/** What a TLS connection says about a client's certificate: the chain that came, its strength, and sessions taken up again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type Answer, claimsOf, portal } from '../support/bridge.ts';
import { type CertificateFiles, newAuthority, newCertificate } from '../support/certificates.ts';
import { DOMAIN } from '../support/domain.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startService, type TestService } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';

const authority = newAuthority('authority');
const server = newCertificate({ subject: '/CN=server', altNames: 'IP:127.0.0.1' }, authority);
const SUBJECT = { subject: '/CN=a client' };
const mine = newCertificate(SUBJECT, authority);
const METHODS = ['client_secret_basic', 'tls_client_auth', 'self_signed_tls_client_auth'];

let service: TestService;
let client_id: string;
before(async () => {
  service = await startService({
    config: { ...DOMAIN, portals: { '*': { ...DOMAIN.portals['*'], token_endpoint_auth_methods: METHODS } } },
    env: {
      CLIENT_CA_FILE: authority.certFile,
      PUBLIC_TLS_CERT_FILE: server.certFile,
      PUBLIC_TLS_KEY_FILE: server.keyFile,
    },
  });
  const { body, status } = await portal(service).create({
    scope: 'read',
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: 'CN=a client',
  });
  assert.equal(status, 201);
  ({ client_id } = body);
});
after(() => service?.stop());

interface Connection {
  readonly socket: TLSSocket;
  /** What it can be taken up again by. */
  session(): Promise<Buffer>;
  ask(): Promise<Answer>;
}

/** Not held back by what our own side thinks of the certificate. */
async function open(
  shown: CertificateFiles | undefined,
  more: ConnectionOptions = {},
  chain: readonly CertificateFiles[] = [],
): Promise<Connection> {
  const socket = connect({
    ...{ host: '127.0.0.1', port: service.publicPort, ca: authority.cert, ciphers: 'DEFAULT@SECLEVEL=0' },
    ...(shown && { cert: [shown, ...chain].map(({ cert }) => cert).join(''), key: shown.key }),
    ...more,
  });
  let latest: Buffer | undefined;
  socket.on('session', (session: Buffer) => {
    latest = session;
  });
  await once(socket, 'secureConnect');
  return {
    socket,
    session: async () => latest ?? (await once(socket, 'session'))[0],
    async ask() {
      const headers = [
        `Host: 127.0.0.1:${service.publicPort}`,
        'Content-Type: application/x-www-form-urlencoded',
      ];
      const form = new URLSearchParams({ grant_type: 'client_credentials', client_id }).toString();
      socket.write(rawRequest('POST /oauth2/token', [...headers, 'Connection: close'], form));
      const text = Buffer.concat(await socket.toArray()).toString();
      const [head = '', body = ''] = text.split('\r\n\r\n');
      const lines = head.split('\r\n').slice(1);
      const pairs = lines.map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).trim()];
      });
      const answered = new Headers(pairs);
      return { status: Number(head.split(' ')[1]), headers: answered, text: body, body: JSON.parse(body) };
    },
  };
}

const FAILED = { status: 401, error: 'invalid_client', says: /^client authentication failed$/ } as const;
const refused = (connection: Connection) => refuses(service, FAILED, () => connection.ask());
async function answered(connection: Connection): Promise<void> {
  const { status, text, body } = await connection.ask();
  assert.equal(status, 200, text);
  assert.equal(claimsOf(body.access_token).client_id, client_id);
}

test('a chain that comes with the certificate is followed', async () => {
  const between = newCertificate(
    { subject: '/CN=between', extensions: ['basicConstraints=critical,CA:TRUE'] },
    authority,
  );
  const leaf = newCertificate(SUBJECT, between);
  await refused(await open(leaf));
  await answered(await open(leaf, {}, [between]));
  const below = newCertificate(SUBJECT, mine);
  await refused(await open(below, {}, [mine]));
});

test('S-POP-02: a weak key, a broken digest and a certificate that is over are not believed', async () => {
  await answered(await open(newCertificate({ ...SUBJECT, newKey: 'rsa:2048' }, authority)));
  await refused(await open(newCertificate({ ...SUBJECT, newKey: 'rsa:1024' }, authority)));
  await refused(await open(newCertificate({ ...SUBJECT, digest: 'sha1' }, authority)));
  await refused(await open(newCertificate({ ...SUBJECT, days: -1 }, authority)));
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  describe(`a ${version} session that is taken up again`, () => {
    const only = { minVersion: version, maxVersion: version };
    const again = async (first: CertificateFiles | undefined, second: CertificateFiles | undefined) => {
      const before = await open(first, only);
      const session = await before.session();
      before.socket.destroy();
      const resumed = await open(second, { ...only, session });
      assert.ok(resumed.socket.isSessionReused(), 'else this shows nothing');
      return resumed;
    };

    test('is still of who began it', async () => {
      await answered(await again(mine, undefined));
      await answered(await again(mine, mine));
    });

    test('S-POP-02: was begun with a certificate of a stranger, and is a stranger’s still', async () => {
      const stranger = newCertificate(SUBJECT, newAuthority('authority'));
      await refused(await again(stranger, undefined));
      await refused(await again(stranger, stranger));
      await refused(await again(newCertificate(SUBJECT), undefined));
    });

    test('S-POP-02: was begun without a certificate, and none counts that is shown later', async () => {
      await refused(await again(undefined, undefined));
      await refused(await again(undefined, mine));
    });
  });
}
