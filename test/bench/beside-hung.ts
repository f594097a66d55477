/**
 * How long others wait while one upstream provider hangs: registrations at a provider that works and tokens,
 * without and with 20 callers at the one that hangs, in alternating rounds. The callers come back when they are
 * answered, first after the deadline and then by the open circuit, as portals that retry do.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { portal, send } from '../support/bridge.ts';
import { API_KEY, type TestService } from '../support/service.ts';
import { runLoad } from './load.ts';
import { jsonRequest, tokenRequest } from './requests.ts';
import { median, percentile, rounded } from './statistics.ts';

export const HUNG_CALLERS = 20;
/** Without it they would saturate a machine of two cores, which says nothing of the provider. */
const RETRY_PAUSE_MS = 500;
const ROUNDS = 3;
/** Some 200 requests a second of each kind: nobody waits for another but by what is shared. */
const LOAD = { connections: 2, requests: 200, thinkMs: 8 } as const;
const CLIENT = { client_name: 'order sync', grant_types: ['client_credentials'], scope: 'read' };

export interface Waits {
  readonly registrationP99Ms: number;
  readonly tokenP99Ms: number;
}

export interface BesideHung {
  readonly without: Waits;
  readonly beside: Waits;
  /** How the callers at the provider that hangs were answered, by status. */
  readonly hungAnswers: Readonly<Record<number, number>>;
}

export async function measureBesideHung(
  service: TestService,
  providers: { readonly working: string; readonly hung: string },
  resource: string,
): Promise<BesideHung> {
  const measure = await measuring(service, providers.working, resource);
  await measure();
  const without: Waits[] = [];
  const beside: Waits[] = [];
  const hungAnswers: Record<number, number> = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    without.push(await measure());
    const callers = callHung(service, providers.hung, hungAnswers);
    beside.push(await measure());
    await callers.stop();
  }
  return { without: inTheMiddle(without), beside: inTheMiddle(beside), hungAnswers };
}

async function measuring(service: TestService, provider: string, resource: string) {
  const { body: credentials } = await portal(service).create({ client_name: 'tokens', scope: 'read write' });
  const registration = jsonRequest(`/register/${provider}`, { 'x-api-key': API_KEY }, CLIENT);
  const managementPort = Number(new URL(service.managementUrl).port);
  const p99 = async (port: number, request: Buffer, status: number) =>
    percentile(await runLoad({ ...LOAD, port, request, status }), 0.99);
  return async (): Promise<Waits> => {
    const [registrationP99Ms, tokenP99Ms] = await Promise.all([
      p99(managementPort, registration, 201),
      p99(service.publicPort, tokenRequest(credentials, resource), 200),
    ]);
    return { registrationP99Ms, tokenP99Ms };
  };
}

function callHung(service: TestService, provider: string, answers: Record<number, number>) {
  let going = true;
  const caller = async () => {
    while (going) {
      const { status } = await send(`${service.managementUrl}/register/${provider}`, {
        method: 'POST',
        headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
        body: JSON.stringify(CLIENT),
      });
      answers[status] = (answers[status] ?? 0) + 1;
      await sleep(RETRY_PAUSE_MS);
    }
  };
  const all = Promise.all(Array.from({ length: HUNG_CALLERS }, caller));
  return {
    stop: async () => {
      going = false;
      await all;
    },
  };
}

function inTheMiddle(waits: readonly Waits[]): Waits {
  return {
    registrationP99Ms: rounded(median(waits.map(({ registrationP99Ms }) => registrationP99Ms))),
    tokenP99Ms: rounded(median(waits.map(({ tokenP99Ms }) => tokenP99Ms))),
  };
}
