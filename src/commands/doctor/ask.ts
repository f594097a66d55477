/** One GET to an address that may be ours, short in time and length. It trusts no certificate and needs none. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

const TIMEOUT_MS = 2000;
const MAX_BYTES = 512 * 1024;

export interface Answer {
  readonly status: number;
  /** Parsed, or `undefined` when it was no JSON. */
  readonly body: unknown;
}

/** Rejects with the system's error, or when nothing whole came in time. */
export function ask(url: string): Promise<Answer> {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    // It is asked who listens on this machine: a certificate is for the outside's name.
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const lost = () => reject(new Error('no answer came'));
    const asked = request(url, { rejectUnauthorized: false, agent: false, signal }, (response) => {
      asked.off('close', lost);
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_BYTES) response.destroy(new Error('the answer is too long'));
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: parsed(text) }));
    });
    // Of an answer that changes the protocol (101) nothing else is told, and the time limit does not end it.
    asked.once('close', lost);
    asked.once('error', reject).end();
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
