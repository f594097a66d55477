import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const REQUEST = { listener: 'public', method: 'POST', route: '/oauth2/token', status: 200, seconds: 0.003 };

test('requests, tokens, refusals, the ring and the event loop are there to be counted', async () => {
  const metrics = createMetrics({ ringVersion: () => 7 });
  metrics.observe(REQUEST);
  metrics.tokenIssued();
  metrics.tokenRefused('invalid_client');
  const { text, contentType } = await metrics.render();
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  for (const line of [
    'dcr_bridge_http_request_duration_seconds_count{listener="public",route="/oauth2/token",method="POST",status="200"} 1',
    'dcr_bridge_http_request_duration_seconds_bucket{le="0.0025",listener="public",route="/oauth2/token",method="POST",status="200"} 0',
    'dcr_bridge_http_request_duration_seconds_bucket{le="0.005",listener="public",route="/oauth2/token",method="POST",status="200"} 1',
    'dcr_bridge_tokens_issued_total 1',
    'dcr_bridge_tokens_refused_total{reason="invalid_client"} 1',
    'dcr_bridge_key_ring_version 7',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
  }
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m);
});

test('a method that a caller invents makes no new series', async () => {
  const metrics = createMetrics({ ringVersion: () => 1 });
  for (const method of ['PROPFIND', 'MKCOL', 'TRACE', 'M-SEARCH']) metrics.observe({ ...REQUEST, method });
  const { text } = await metrics.render();
  assert.equal(text.match(/request_duration_seconds_count\{/g)?.length, 1);
  assert.match(text, /method="other",status="200"\} 4\n/);
});

test('two instances count apart', async () => {
  const one = createMetrics({ ringVersion: () => 1 });
  const other = createMetrics({ ringVersion: () => 1 });
  one.tokenIssued();
  assert.match((await other.render()).text, /dcr_bridge_tokens_issued_total 0\n/);
});
