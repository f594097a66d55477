/**
 * Debian's Chromium, driven by playwright-core, with nothing of its own to ask the network for. Every page
 * keeps a record of what it asked for and of what its console heard.
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const PROGRAM = '/usr/bin/chromium';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Tab {
  readonly page: Page;
  /** URLs, without `data:`. */
  readonly requests: readonly string[];
  /** Errors and warnings of the console, blocked by the policy included, and exceptions that nobody caught. */
  readonly complaints: readonly string[];
}

/** Throws, with what helps, when Chromium is not installed. */
export async function openBrowser(): Promise<Browser> {
  if (!existsSync(PROGRAM)) throw new Error('this test needs a Debian package: apt-get install chromium');
  return chromium.launch({ executablePath: PROGRAM, args: QUIET });
}

export async function openTab(browser: Browser): Promise<Tab> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) requests.push(request.url());
  });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, requests, complaints };
}
