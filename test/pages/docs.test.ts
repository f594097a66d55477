/** A person opens `/docs` in a browser. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { document, operations } from '../support/api-description.ts';
import { openBrowser, openTab, type Tab } from '../support/browser.ts';
import { type ServedDocs, serveDocs } from '../support/serve-docs.ts';

let docs: ServedDocs;
let browser: Browser;
let tab: Tab;

before(async () => {
  docs = await serveDocs(() => document);
  browser = await openBrowser();
  tab = await openTab(browser);
  await tab.page.goto(`${docs.origin}/docs`);
  await tab.page.locator('.opblock').first().waitFor();
});

after(async () => {
  await browser?.close();
  await docs?.close();
});

test('it shows every operation under the heading of its dialect', async () => {
  const { page } = tab;
  const shown = await page.locator('.opblock-summary').evaluateAll((blocks) =>
    blocks.map((block) => {
      const text = (part: string) => block.querySelector(part)?.textContent?.replaceAll('\u200b', '').trim();
      return `${text('.opblock-summary-method')} ${text('.opblock-summary-path')}`;
    }),
  );
  assert.deepEqual(shown.sort(), [...operations.keys()].sort());
  for (const { name } of document.tags) {
    assert.ok(await page.getByRole('heading', { name }).first().isVisible(), name);
  }
});

test('an operation that is opened shows its example, its errors and the idempotency key', async () => {
  const operation = tab.page.locator('[id$=-createClient]');
  await operation.locator('.opblock-summary-control').click();
  for (const expected of [
    'dcrs_a_secret_is_shown_once',
    'Idempotency-Key',
    'quota_exceeded',
    'Retry-After',
  ]) {
    await operation.locator('.opblock-body', { hasText: expected }).waitFor();
  }
  // Reading is all that the page is for: what could be sent would want a key typed into it.
  assert.equal(await operation.getByRole('button', { name: /try it out|execute/i }).count(), 0);
});

test('the padlock tells which credentials an operation takes, and nowhere can one be typed', async () => {
  const { page } = tab;
  await page.locator('[id$=-ownRead] .authorization__btn').click();
  const dialog = page.locator('.dialog-ux');
  for (const expected of ['X-API-KEY', 'registration_access_token']) {
    assert.ok((await dialog.textContent())?.includes(expected), expected);
  }
  assert.equal(await dialog.locator('input:visible').count(), 0);
  assert.equal(await page.getByRole('button', { name: /^authorize$/i }).count(), 0);
  await dialog.locator('.close-modal').click();
  assert.equal(await page.locator('input:visible:enabled').count(), 0);
});

test('a link leads to an operation of each dialect, opened', async () => {
  for (const { name } of document.tags) {
    const operation = [...operations.values()].findLast(({ tags }) => tags.includes(name));
    assert.ok(operation);
    const heading = encodeURIComponent(name);
    const { page, complaints } = await openTab(browser);
    await page.goto(`${docs.origin}/docs#/${heading}/${operation.operationId}`);
    await page.locator(`[id$=-${operation.operationId}] .opblock-body`).waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  }
});

test('all the while the browser asked no other host for anything, and its console was silent', () => {
  assert.deepEqual(tab.complaints, []);
  assert.ok(tab.requests.length >= 6);
  const others = tab.requests.filter((url) => new URL(url).origin !== docs.origin);
  assert.deepEqual(others, []);
});
