/**
 * S-LOG-03: of a call that failed the log has method, host, status and code. What was sent and what came back, the
 * raw bytes that Node.js hangs on an error of its parser included, are in no line and in no answer.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { portal } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { endless, truncated } from '../support/hostile-answers.ts';
import { startService, type TestService } from '../support/service.ts';
import { upstreamDomain } from '../support/upstream-domain.ts';
import {
  type Answer,
  DISCOVERY,
  json,
  metadataOf,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/upstream-scripted.ts';

const IAT = 'canary-f7Kq2mX9bT4wZ8';
const [SENT, CAME, QUERY] = ['canary-of-a-client-name', 'canary-of-an-answer', 'canary-of-a-query'];

let upstream: ScriptedUpstream;
let service: TestService;
before(async () => {
  upstream = await startScriptedUpstream();
  const { issuer } = upstream;
  const registration_endpoint = `${issuer}/reg?token=${QUERY}`;
  upstream.on('GET', DISCOVERY, json(200, { ...metadataOf(issuer), registration_endpoint }));
  service = await startService({
    config: upstreamDomain(issuer, { timeout_ms: 2000 }),
    env: { IAT, LOG_LEVEL: 'trace' },
  });
});
after(async () => {
  await upstream?.close();
  assert.equal(await service?.stop(), 0);
});

/** Bytes instead of an answer. */
const bytes =
  (text: string): Answer =>
  ({ socket }) => {
    socket?.end(text);
  };

const FAILURES: readonly (readonly [string, Answer, string])[] = [
  ['bytes that are no HTTP', bytes(`${CAME}\r\n\r\n`), 'HPE_[A-Z_]+'],
  ['a header that is none', bytes(`HTTP/1.1 201 Created\r\n${CAME} x\r\n\r\n`), 'HPE_[A-Z_]+'],
  [
    'two lengths',
    bytes(`HTTP/1.1 201 ${CAME}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`),
    'HPE_[A-Z_]+',
  ],
  ['headers without an end', bytes(`HTTP/1.1 201 x\r\nX: ${CAME.repeat(2000)}`), 'HPE_HEADER_OVERFLOW'],
  ['a connection that is reset', ({ socket }) => void socket?.resetAndDestroy(), 'ECONNRESET'],
  ['a document that ends early', truncated(201, `{"client_id":"${CAME}",`), '201 ECONNRESET'],
  ['an endless document', endless(201, { 'x-a': CAME }), '201 TOO_LARGE'],
  ['no document', (response) => void response.writeHead(201, CAME).end(CAME), '201 NO_JSON'],
  [
    'a refusal',
    json(400, { error: 'invalid_client_metadata', secret: CAME }, { 'x-a': CAME }),
    '400 REFUSED',
  ],
  ['nothing at all', () => {}, 'DEADLINE'],
];

/** Answers with a refusal in between: that the provider is heard keeps its circuit closed. */
const create = (answer: Answer) => {
  upstream.on('POST', '/reg', answer);
  return portal(service, { provider: 'acme' }).create({ client_name: SENT });
};

for (const [name, answer, expected] of FAILURES) {
  test(`S-LOG-03: ${name}: method, host, status and code are logged, and nothing else`, async () => {
    await create(json(400, {}));
    const { status, text, body } = await create(answer);
    assert.ok(status >= 400, text);
    const { host } = new URL(upstream.issuer);
    await eventually(async () => {
      const told = service.output.filter((line) => line.includes(body.error_id) && line.includes('"err"'));
      assert.ok(told.length > 0, 'it is told');
      for (const line of told) {
        const { err } = JSON.parse(line);
        assert.match(err.message, new RegExp(`^upstream_[a-z]+: OutboundError: POST ${host} ${expected}$`));
        assert.deepEqual(Object.keys(err), ['type', 'message', 'code']);
      }
    }, 2000);
    const everything = [...service.output, text].join('\n');
    for (const canary of [IAT, SENT, CAME, QUERY]) assert.ok(!everything.includes(canary), canary);
  });
}
