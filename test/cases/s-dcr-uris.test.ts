/** S-DCR: the URIs of a client are inert here: bounded, harmless to show, never followed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { send } from '../support/bridge.ts';
import { assertRefusal } from '../support/refusal.ts';
import { refuses } from '../support/unwritten.ts';
import { type CaseBridge, startBridge } from './support/bridge.ts';
import { DIALECTS, through } from './support/dialects.ts';
import { accepted, refusedEverywhere } from './support/metadata.ts';
import { storedClient } from './support/stored.ts';

type Body = Readonly<Record<string, unknown>>;

let bridge: CaseBridge;
before(async () => {
  const strict = { redirect_uri_rule: 'strict', redirect_uri_hosts: ['*.example.com', 'localhost'] };
  bridge = await startBridge({
    portals: Object.fromEntries(DIALECTS.map((_, index) => [`strict${index}`, strict])),
  });
});
after(async () => {
  await bridge.service.stop();
});

for (const [index, dialect] of DIALECTS.entries()) {
  test(`S-DCR-13 a machine has no redirect surface: response types are dropped, nothing redirects (${dialect.name})`, async () => {
    const { service } = bridge;
    const { made, metadata } = await accepted(bridge.service, dialect, {
      redirect_uris: ['https://app.example.com/callback'],
      response_types: ['code', 'token', 'id_token'],
    });
    assert.deepEqual(metadata.response_types, []);
    const query = new URLSearchParams({
      client_id: made.body.client_id,
      response_type: 'code',
      redirect_uri: 'https://app.example.com/callback',
    });
    for (const path of [
      '/oauth2/authorize',
      '/oauth2/auth',
      '/authorize',
      '/auth',
      '/oauth2/device_authorization',
    ]) {
      const answer = await send(`${service.publicUrl}${path}?${query}`);
      assertRefusal(answer, { status: 404, error: 'not_found' });
    }
  });

  test(`S-DCR-14 a redirect URI that a page could run is refused, however it is spelled (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, update } = through(dialect, service);
    const { body } = await create();
    const hostile = [
      ...['javascript', 'data', 'vbscript', 'blob', 'file', 'about', 'intent'].map((scheme) => `${scheme}:x`),
      'JavaScript:alert(1)',
      '  javascript:alert(1)',
      '\tjavascript:alert(1)',
      'java\tscript:alert(1)',
      'java\nscript:alert(1)',
      '\u0000javascript:alert(1)',
      '\u001fjavascript:alert(1)',
      '\u00a0javascript:alert(1)',
      '\u2028javascript:alert(1)',
      '\ufeffjavascript:alert(1)',
      'javascript :alert(1)',
      'data:text/html;base64,PHNjcmlwdD4=',
      'https://app.example.com/\r\nSet-Cookie: a=b',
      '\u202ehttps://app.example.com/',
      '',
    ];
    for (const uri of hostile) {
      const expected = { status: 400, error: 'invalid_redirect_uri', says: /redirect_uris\[1\]/ };
      const body2 = { redirect_uris: ['https://app.example.com/cb', uri] };
      await refuses(service, expected, () => create({ client_name: 'a client', ...body2 }));
      await refuses(service, expected, () => update(body.client_id, body2));
    }
    const { metadata } = await accepted(bridge.service, dialect, {
      redirect_uris: ['https://app.example.com/data:x', 'javascripts'],
    });
    assert.deepEqual(metadata.redirect_uris, ['https://app.example.com/data:x', 'javascripts']);
    assert.equal((await update(body.client_id, { redirect_uris: ['myapp:/callback'] })).status, 200);
  });

  test(`S-DCR-15 inert redirect URIs are kept byte for byte, within bounds, and never compared (${dialect.name})`, async () => {
    const uris = [
      '*',
      'localhost:3000',
      'http://app.example.com/#fragment',
      'https://good@evil.example/',
      'https://a@b@evil.example/',
      'https://*.example.com/*',
      'https://app.example.com\\@evil.example',
      'https://app.example.com/a/../b/./c',
      'https://аpple.example/',
      'HTTPS://App.Example.COM:443/%2e%2e/',
    ];
    const { metadata } = await accepted(bridge.service, dialect, { redirect_uris: uris });
    assert.deepEqual(metadata.redirect_uris, uris, 'no normalisation');
    const long = `https://app.example.com/${'a'.repeat(2048)}`;
    await refusedEverywhere(
      bridge.service,
      dialect,
      { redirect_uris: [long] },
      'redirect_uris[0]',
      'invalid_redirect_uri',
    );
    const many = Array(21).fill('https://app.example.com/');
    await refusedEverywhere(
      bridge.service,
      dialect,
      { redirect_uris: many },
      'redirect_uris',
      'invalid_redirect_uri',
    );
  });

  test(`S-DCR-15, S-DCR-33, S-MGT-07 a strict portal's clients redirect to its own hosts only, at a create and ever after (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, update } = through(dialect, service, await bridge.addPortal(`strict${index}`));
    const good = ['https://app.example.com/callback', 'http://localhost:3000/'];
    const { body } = await create({ client_name: 'a client', redirect_uris: good });
    assert.deepEqual(storedClient(service, { body } as never).metadata.redirect_uris, good);
    for (const uri of [
      ...['*', 'localhost:3000', 'http://app.example.com/', 'https://app.example.com/#fragment'],
      ...[
        'https://good@app.example.com/',
        'https://*.example.com/',
        'https://app.example.com\\@evil.example',
      ],
      ...['https://app.example.com/a/../b', 'https://\u0430pp.example.com/', 'https://attackerexample.com/'],
      ...['https://example.com/', 'https://evil.example/.example.com', 'http://127.0.0.1/'],
    ]) {
      const expected = { status: 400, error: 'invalid_redirect_uri', says: /redirect_uris\[1\]/ };
      const changed = { redirect_uris: [good[0], uri] };
      const refused = await refuses(service, expected, () => create({ client_name: 'a client', ...changed }));
      assert.ok(uri === '*' || !refused.text.includes(uri), 'repeats what was sent');
      await refuses(service, expected, () => update(body.client_id, changed));
    }
    assert.equal((await update(body.client_id, { redirect_uris: [good[1]] })).status, 200);
  });

  test(`S-DCR-17 addresses for people are https, bounded, and never fetched (${dialect.name})`, async () => {
    const server = createServer().listen(0, '127.0.0.1').unref();
    await once(server, 'listening');
    let connections = 0;
    server.on('connection', (socket) => {
      connections += 1;
      socket.destroy();
    });
    const { port } = server.address() as AddressInfo;
    for (const member of ['client_uri', 'logo_uri', 'tos_uri', 'policy_uri']) {
      const hostile = [
        'javascript:alert(1)',
        'data:image/svg+xml,<svg/>',
        'http://169.254.169.254/latest/meta-data',
        `http://127.0.0.1:${port}/logo`,
        'https://user:password@app.example.com/',
        `https://app.example.com/${'a'.repeat(2048)}`,
        'not a uri',
        ' https://app.example.com/',
        'https://app.example.com/a\nb',
      ];
      for (const uri of hostile) await refusedEverywhere(bridge.service, dialect, { [member]: uri }, member);
      const own = `https://127.0.0.1:${port}/logo`;
      const { metadata } = await accepted(bridge.service, dialect, { [member]: own });
      assert.equal((metadata as Body)[member], own);
    }
    assert.equal(connections, 0, 'something was fetched');
    server.close();
  });
}
