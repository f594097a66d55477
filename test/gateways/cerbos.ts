/** Cerbos decides by the claims of tokens that it verifies: the files that a user writes, and an API that asks. */
import { join } from 'node:path';
import { send } from '../support/bridge.ts';
import { freePort } from '../support/free-port.ts';
import { tempDir } from '../support/temp.ts';
import { FOLDER, PROGRAM, requireCerbos } from './cerbos-package.ts';
import { type Gateway, startGatewayProcess } from './gateway.ts';

/** It fetches the keys anew every `refreshSeconds`, and at no other time. */
export async function startCerbos(issuer: string, refreshSeconds: number): Promise<Gateway> {
  requireCerbos();
  const port = await freePort();
  return startGatewayProcess({
    file: PROGRAM,
    args: ['server', `--config=${join(FOLDER, 'cerbos.yaml')}`],
    env: {
      ISSUER: issuer,
      PORT: String(port),
      REFRESH_INTERVAL: `${refreshSeconds}s`,
      POLICIES: join(FOLDER, 'policies'),
      DIRECTORY: tempDir('cerbos'),
    },
    port,
  });
}

/** What the API that is `resource` asks before it lets a call in. Rejects when it is not to be let in. */
export async function askCerbos({ url }: Gateway, token: string, resource: string): Promise<void> {
  const { status, body, text } = await send(`${url}/api/check/resources`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      principal: { id: 'whoever-brings-the-token', roles: ['client'] },
      resources: [{ actions: ['call'], resource: { kind: 'api', id: resource } }],
      auxData: { jwt: { token } },
    }),
  });
  if (status !== 200) throw new Error(`${status} ${text.slice(0, 100)}`);
  const decision = body.results?.[0]?.actions?.call;
  if (decision !== 'EFFECT_ALLOW') throw new Error(`Cerbos decides ${decision}`);
}
