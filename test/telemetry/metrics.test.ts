import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientCounts } from '../../src/telemetry/client-gauges.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { renderTogether } from '../../src/telemetry/metrics-together.ts';

let counts: ClientCounts | undefined = {
  portals: [
    { portal: 'acme', clients: 3, quota: 10 },
    { portal: 'gone soon', clients: 0, quota: 5 },
  ],
  inAll: 3,
  cap: 100,
};
const OBSERVED = {
  ringUnconfirmedSeconds: () => 0,
  ringTroubles: () => new Set(['overdue'] as const),
  clock: () => ({ aheadOfStoreSeconds: -1.5, inStep: true, jumps: 2 }),
  circuits: () => ({}),
  countClients: async () => counts,
  countIntents: async () => [{ state: 'unknown', intents: 2, oldestAgeSeconds: 60 }],
  logLinesLost: () => 4,
  clientCache: () => ({ clients: 3, bytes: 4096, misses: 5, oldestAgeSeconds: 0.25 }),
};

const REQUEST = { listener: 'public', method: 'POST', route: '/oauth2/token', status: 200, seconds: 0.003 };

test('requests, tokens, refusals, the ring and the event loop are there to be counted', async () => {
  const metrics = createMetrics({ ...OBSERVED, ringVersion: () => 7 });
  metrics.observe(REQUEST);
  metrics.tokenIssued();
  metrics.tokenRefused('invalid_client');
  metrics.requestShed();
  const { text, contentType } = await metrics.render();
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  for (const line of [
    'dcr_bridge_http_request_duration_seconds_count{listener="public",route="/oauth2/token",method="POST",status="200"} 1',
    'dcr_bridge_http_request_duration_seconds_bucket{le="0.0025",listener="public",route="/oauth2/token",method="POST",status="200"} 0',
    'dcr_bridge_http_request_duration_seconds_bucket{le="0.005",listener="public",route="/oauth2/token",method="POST",status="200"} 1',
    'dcr_bridge_tokens_issued_total 1',
    'dcr_bridge_tokens_refused_total{reason="invalid_client"} 1',
    'dcr_bridge_requests_shed_total 1',
    'dcr_bridge_key_ring_version 7',
    'dcr_bridge_key_ring_trouble{trouble="overdue"} 1',
    'dcr_bridge_key_ring_trouble{trouble="stale"} 0',
    'dcr_bridge_clock_ahead_of_store_seconds -1.5',
    'dcr_bridge_clock_jumps_total 2',
    'dcr_bridge_client_cache_clients 3',
    'dcr_bridge_client_cache_bytes 4096',
    'dcr_bridge_client_cache_oldest_age_seconds 0.25',
    'dcr_bridge_client_cache_misses_total 5',
    'dcr_bridge_log_lines_lost_total 4',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
  }
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m);
});

test('a method that a caller invents makes no new series', async () => {
  const metrics = createMetrics({ ...OBSERVED, ringVersion: () => 1 });
  for (const method of ['PROPFIND', 'MKCOL', 'TRACE', 'M-SEARCH']) metrics.observe({ ...REQUEST, method });
  const { text } = await metrics.render();
  assert.equal(text.match(/request_duration_seconds_count\{/g)?.length, 1);
  assert.match(text, /method="other",status="200"\} 4\n/);
});

test('acts on upstream providers are there by provider, operation and outcome, and who is left alone', async () => {
  const states = { acme: 'open', other: 'closed' } as const;
  const metrics = createMetrics({ ...OBSERVED, ringVersion: () => 1, circuits: () => states });
  metrics.upstreamCalled('acme', { operation: 'register', outcome: 'upstream_timeout', seconds: 3 });
  const { text } = await metrics.render();
  for (const line of [
    'dcr_bridge_upstream_call_duration_seconds_count{provider="acme",operation="register",outcome="upstream_timeout"} 1',
    'dcr_bridge_upstream_circuit_open{provider="acme"} 1',
    'dcr_bridge_upstream_circuit_open{provider="other"} 0',
  ])
    assert.ok(text.includes(`${line}\n`), text);
});

test('two instances count apart', async () => {
  const one = createMetrics({ ...OBSERVED, ringVersion: () => 1 });
  const other = createMetrics({ ...OBSERVED, ringVersion: () => 1 });
  one.tokenIssued();
  assert.match((await other.render()).text, /dcr_bridge_tokens_issued_total 0\n/);
});

test('S-DCR-26 the clients of each portal are there against its quota, and of all against the cap', async () => {
  const metrics = createMetrics({ ...OBSERVED, ringVersion: () => 1 });
  const told = async () => {
    const lines = (await metrics.render()).text.split('\n');
    return lines.filter((line) => /^dcr_bridge_client(?!_cache)/.test(line));
  };
  const first = counts;
  assert.deepEqual(await told(), [
    'dcr_bridge_clients{portal="acme"} 3',
    'dcr_bridge_clients{portal="gone soon"} 0',
    'dcr_bridge_client_quota{portal="acme"} 10',
    'dcr_bridge_client_quota{portal="gone soon"} 5',
    'dcr_bridge_clients_in_all 3',
    'dcr_bridge_client_cap 100',
  ]);
  counts = { portals: [{ portal: 'acme', clients: 4, quota: 10 }], inAll: 4, cap: 100 };
  assert.deepEqual(await told(), [
    'dcr_bridge_clients{portal="acme"} 4',
    'dcr_bridge_client_quota{portal="acme"} 10',
    'dcr_bridge_clients_in_all 4',
    'dcr_bridge_client_cap 100',
  ]);
  counts = undefined;
  assert.deepEqual(await told(), [], 'nothing is said while the store does not answer');
  counts = first;
});

test('F-16: of a clock that can not be compared nothing is said, and workers of one machine say what one says', async () => {
  let aheadOfStoreSeconds: number | undefined = 120;
  const clock = () => ({ aheadOfStoreSeconds, inStep: false, jumps: 1 });
  const one = createMetrics({ ...OBSERVED, ringVersion: () => 1, clock });
  const other = createMetrics({ ...OBSERVED, ringVersion: () => 1, clock });
  const { text } = await renderTogether([await one.asJson(), await other.asJson()]);
  assert.match(text, /^dcr_bridge_clock_ahead_of_store_seconds 120$/m);
  assert.match(text, /^dcr_bridge_clock_jumps_total 1$/m);
  aheadOfStoreSeconds = undefined;
  assert.doesNotMatch((await one.render()).text, /^dcr_bridge_clock_ahead_of_store_seconds /m);
  const together = await renderTogether([await one.asJson(), await other.asJson()]);
  assert.doesNotMatch(together.text, /^dcr_bridge_clock_ahead_of_store_seconds /m);
});
