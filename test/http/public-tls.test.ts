/** TLS on the public listener: who is shown which certificate, and what a renewal that goes wrong does. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { run } from '../clients-outside/run.ts';
import { requirePackages } from '../gateways/debian-packages.ts';
import { portal } from '../support/bridge.ts';
import { type CertificateFiles, newAuthority, newCertificate } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { refusesToStart, startService, type TestService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';

const authority = newAuthority('authority');
const certificateOf = (name: string) =>
  newCertificate({ subject: `/CN=${name}`, altNames: 'DNS:localhost,IP:127.0.0.1' }, authority);
const directory = tempDir('tls');
const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
const env = { PUBLIC_TLS_CERT_FILE: certFile, PUBLIC_TLS_KEY_FILE: keyFile };

function install({ certFile: cert, keyFile: key }: CertificateFiles): void {
  for (const [from, to] of [
    [key, keyFile],
    [cert, certFile],
  ] as const) {
    put(to, readFileSync(from));
  }
}

/** Whole, whenever the service looks: half a file would be told, too. */
function put(file: string, content: string | Buffer): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

let service: TestService;
before(async () => {
  requirePackages('curl');
  install(certificateOf('first'));
  service = await startService({ env });
});
after(() => service?.stop());

async function handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: service.publicPort, ca: authority.cert, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

async function shownName(options: ConnectionOptions = {}): Promise<string> {
  const socket = await handshake(options);
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return String(name);
}

const logged = (text: string) => service.output.filter((line) => line.includes(text)).length;

test('curl trusts the authority and fetches keys and a token over TLS', async () => {
  const url = `https://localhost:${service.publicPort}`;
  const curl = async (...args: readonly string[]) => {
    const { output, complaint } = await run('/usr/bin/curl', [
      '-sS',
      '--cacert',
      authority.certFile,
      ...args,
    ]);
    assert.ok(output, complaint);
    return JSON.parse(output);
  };
  assert.ok((await curl(`${url}/.well-known/jwks.json`)).keys.length > 0);
  const { body } = await portal(service).create({ scope: 'read' });
  const token = await curl(
    ...['-u', `${body.client_id}:${body.client_secret}`, '-d', 'grant_type=client_credentials'],
    `${url}/oauth2/token`,
  );
  assert.equal(token.token_type, 'Bearer');
});

test('nothing below TLS 1.2 is spoken, and 1.2 and 1.3 are', async () => {
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    await assert.rejects(
      handshake({ minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }),
    );
  }
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await handshake({ minVersion: version, maxVersion: version });
    assert.equal(socket.getProtocol(), version);
    socket.destroy();
  }
});

/** The first bytes of a handshake that asks for this name. */
async function helloFor(servername: string): Promise<Buffer> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const accepted = once(listener, 'connection');
  const caller = connect({ host: '127.0.0.1', port, servername }).on('error', () => {});
  const [socket] = await accepted;
  const [hello] = await once(socket, 'data');
  for (const each of [caller, socket]) each.destroy();
  listener.close();
  return hello;
}

test('S-HTTP-04: a handshake for whatever name is answered or refused, and nobody else notices', async () => {
  const logBefore = service.output.length;
  const name = 'name-that-is-asked-for.example';
  const hello = await helloFor(name);
  const at = hello.indexOf(name);
  assert.ok(at > 0);
  /** The hello with other bytes from `offset`, as seen from the first of the name. */
  const changed = (offset: number, ...bytes: readonly number[]) => {
    const other = Buffer.from(hello);
    other.set(bytes, at + offset);
    return other;
  };
  const standing = await handshake();
  // Before the name: two bytes of its length, its type, the list's length, the extension's length and type.
  for (const [what, bytes] of [
    ['a NUL in the name', changed(4, 0)],
    ['no text', changed(0, 0xff, 0xfe, 0xc3, 0x28, 0x0d, 0x0a)],
    ['a path', changed(0, ...Buffer.from('../../../etc/passwd'))],
    ['only dots', changed(0, ...Buffer.alloc(name.length, '.'))],
    ['a name that JavaScript knows', changed(0, ...Buffer.from('__proto__\0'))],
    ['a length beyond the end', changed(-2, 0xff, 0xff)],
    ['a length of nothing', changed(-2, 0, 0)],
    ['another type of name', changed(-3, 7)],
    ['a list that is longer than the extension', changed(-5, 0xff, 0xff)],
    ['half a hello', hello.subarray(0, at + 5)],
  ] as const) {
    const socket = connectTcp(service.publicPort, '127.0.0.1').on('error', () => {});
    socket.write(bytes);
    // A ServerHello (22) or an alert (21): the rest of a half one is waited for until the handshake's deadline.
    const first = await Promise.race([once(socket, 'data'), once(socket, 'close'), sleep(300)]);
    if (Buffer.isBuffer(first?.[0])) assert.ok([21, 22].includes(first[0][0] ?? 0), what);
    socket.destroy();
    assert.equal(
      await shownName(),
      await shownName({ servername: 'unknown.example', checkServerIdentity: () => undefined }),
      what,
    );
  }
  standing.write('GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  assert.match(await text(standing), /^HTTP\/1\.1 200 /);
  assert.deepEqual(service.output.slice(logBefore), [], 'nothing for a log that anyone could fill');
});

test('plain HTTP gets no answer', async () => {
  await assert.rejects(fetch(`http://127.0.0.1:${service.publicPort}/.well-known/jwks.json`));
});

test('a renewed certificate is served within seconds, and open connections stay', async () => {
  const open = await handshake();
  install(certificateOf('second'));
  await eventually(async () => assert.equal(await shownName(), 'second'), 10_000);
  await eventually(async () => assert.equal(logged('was renewed'), 1), 2000);
  open.write('GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [bytes] = await once(open, 'data');
  assert.match(String(bytes), /^HTTP\/1\.1 200 /);
  open.destroy();
});

test('a pair that can not be served is told once, and the one in use stays', async () => {
  const before = await shownName();
  const toldBefore = logged('the old one is kept');
  for (const [told, spoil] of [
    [1, () => put(certFile, 'no certificate')],
    [2, () => put(certFile, certificateOf('of another key').cert)],
  ] as const) {
    spoil();
    await eventually(async () => assert.equal(logged('the old one is kept'), toldBefore + told), 10_000);
    assert.equal(await shownName(), before);
  }
  assert.ok(!service.output.join('\n').includes(readFileSync(keyFile, 'utf8').split('\n')[1] ?? '?'));
  install(certificateOf('third'));
  await eventually(async () => assert.equal(await shownName(), 'third'), 10_000);
});

test('without a pair that can be served it does not start, and says which settings are wrong', async () => {
  const another = certificateOf('another');
  for (const [expected, wrong] of [
    [1, { ...env, PUBLIC_TLS_KEY_FILE: another.keyFile }],
    [1, { ...env, PUBLIC_TLS_CERT_FILE: '/nowhere/cert.pem' }],
    [1, { ...env, PUBLIC_TLS_KEY_FILE: directory }],
    [1, { ...env, PUBLIC_TLS_CERT_FILE: another.keyFile }],
    // Seen by the check of the configuration, before anything is opened.
    [2, { PUBLIC_TLS_CERT_FILE: certFile }],
    [2, { PUBLIC_TLS_KEY_FILE: keyFile }],
  ] as const) {
    const { code, output } = await refusesToStart({ env: wrong });
    assert.equal(code, expected);
    assert.match(output, /PUBLIC_TLS_(?:CERT|KEY)_FILE/);
  }
});

test('a certificate that is over, or an authority of clients that is, is told at start', async () => {
  const over = newCertificate({ subject: '/CN=over', days: -1 });
  for (const [wrong, file] of [
    [{ PUBLIC_TLS_CERT_FILE: over.certFile, PUBLIC_TLS_KEY_FILE: over.keyFile }, over.certFile],
    [{ ...env, CLIENT_CA_FILE: over.certFile }, over.certFile],
  ] as const) {
    const started = await startService({ env: wrong });
    const told = started.output.filter((line) => line.includes('is over'));
    assert.equal(await started.stop(), 0);
    assert.equal(told.length, 1, told.join('\n'));
    assert.equal(JSON.parse(told[0] ?? '').file, file);
    assert.equal(JSON.parse(told[0] ?? '').level, 'warn');
  }
  assert.equal(logged('a certificate'), 0, 'where all are good');
});

test('a certificate that is renewed by one that is over is told, and is served as it was asked', async () => {
  install(newCertificate({ subject: '/CN=late', altNames: 'IP:127.0.0.1', days: -1 }, authority));
  await eventually(async () => assert.equal(logged('is over'), 1), 10_000);
  assert.equal(await shownName({ rejectUnauthorized: false }), 'late');
});
