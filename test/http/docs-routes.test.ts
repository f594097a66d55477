/** The API description as it is served. What a browser makes of it is in `test/pages`. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { document } from '../support/api-description.ts';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { type ServedDocs, serveDocs } from '../support/serve-docs.ts';

let docs: ServedDocs;
let timesDescribed = 0;
before(async () => {
  docs = await serveDocs(() => {
    timesDescribed += 1;
    return document;
  });
});
after(() => docs.close());

suite('/openapi.json', () => {
  test('it is made at the first request and kept', async () => {
    assert.equal(timesDescribed, 0);
    for (let times = 0; times < 3; times += 1) {
      const response = await fetch(`${docs.origin}/openapi.json`);
      assert.equal(response.status, 200);
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
      assert.deepEqual(await response.json(), JSON.parse(JSON.stringify(document)));
    }
    assert.equal(timesDescribed, 1);
  });

  test('who has it already is told so, and always asks', async () => {
    const first = await fetch(`${docs.origin}/openapi.json`);
    const etag = first.headers.get('etag') ?? '';
    assert.match(etag, /^"[\w-]{43}"$/);
    assert.equal(first.headers.get('cache-control'), 'no-cache');
    const again = await fetch(`${docs.origin}/openapi.json`, { headers: { 'if-none-match': etag } });
    assert.equal(again.status, 304);
    assert.equal(await again.text(), '');
  });

  test('HEAD has the length and no body', async () => {
    const response = await fetch(`${docs.origin}/openapi.json`, { method: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(Number(response.headers.get('content-length')), Buffer.byteLength(JSON.stringify(document)));
  });

  test('nothing is written there', async () => {
    const response = await fetch(`${docs.origin}/openapi.json`, { method: 'POST', body: '{}' });
    assert.equal(response.status, 405);
  });
});

suite('/docs', () => {
  test('the page lets in its own files only: no inline script or style, no other host, no frame around it', async () => {
    const response = await fetch(`${docs.origin}/docs`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
    const policy = (response.headers.get('content-security-policy') ?? '').split('; ');
    assert.ok(policy.includes("default-src 'none'"));
    assert.ok(policy.includes("frame-ancestors 'none'"));
    for (const directive of policy) {
      assert.match(directive, /^[\w-]+( 'none'| 'self'| 'self' data:)$/, directive);
      if (directive.endsWith('data:')) assert.match(directive, /^img-src /);
    }
    assert.doesNotMatch(await response.text(), /https?:|<style|style=|<script>|onload/);
  });

  test('everything that the page refers to is there, under its type', async () => {
    const page = await (await fetch(`${docs.origin}/docs`)).text();
    const references = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, reference = '']) => reference);
    assert.equal(references.length, 6);
    for (const reference of references) {
      const response = await fetch(new URL(reference, `${docs.origin}/docs`));
      assert.equal(response.status, 200, reference);
      assert.match(
        response.headers.get('content-type') ?? '',
        /^(text\/(css|javascript)|image\/png|application\/json)/,
      );
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
      assert.ok((await response.arrayBuffer()).byteLength > 50, reference);
    }
  });

  test('with a slash at the end it leads to the page, wherever a proxy put it', async () => {
    const response = await fetch(`${docs.origin}/docs/`, { redirect: 'manual' });
    assert.equal(response.status, 302);
    assert.equal(response.headers.get('location'), '../docs');
  });

  for (const path of [
    '/docs/index.html',
    '/docs/package.json',
    '/docs/swagger-ui-bundle.js.map',
    '/docs/../package.json',
    '/docs/..%2fpackage.json',
    '/docs/%2e%2e/package.json',
    '/docs/__proto__',
    '/docs/swagger-ui.css/x',
  ]) {
    test(`nothing else of the package is served: ${path}`, async () => {
      const request = rawRequest(`GET ${path}`, [`Host: ${new URL(docs.origin).host}`]);
      const { status } = await sendRaw(docs.origin, request);
      assert.equal(status, 404);
    });
  }
});
