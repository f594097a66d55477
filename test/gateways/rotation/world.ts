/**
 * Two nodes of the service on one Redis, keys that rotate as fast as their lead allows, and who verifies their
 * tokens. One node speaks TLS: mod_auth_openidc fetches keys over https only, and from the node that did not
 * issue the token.
 */
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Credentials, portal } from '../../support/bridge.ts';
import { newAuthority, newCertificate } from '../../support/certificates.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../../support/service.ts';
import { tempDir } from '../../support/temp.ts';
import { startApache, startHttpd } from '../apache.ts';
import { startApi } from '../api.ts';
import { askCerbos, startCerbos } from '../cerbos.ts';
import { requirePackages } from '../debian-packages.ts';
import { CONFIG, PROTECTED } from '../issuer.ts';
import { startExpress } from './express.ts';
import { startRefreshedHaproxy } from './haproxy.ts';
import { startPyJwt } from './pyjwt.ts';
import { inProcess, throughGateway, type Verify } from './verifiers.ts';

/** The least that a resource may say. */
const TOKEN_SECONDS = 60;
/** For how long the store may be away; nodes then still sign. */
const OUTAGE_SECONDS = 10;
const REFRESH_SECONDS = 1;

export interface Times {
  readonly leadSeconds: number;
  /** For how long jose and express-oauth2-jwt-bearer do not ask again for an unknown kid. */
  readonly cooldownSeconds: number;
}

export interface RotatingWorld {
  readonly redis: RedisServer;
  /** Issues the tokens. */
  readonly one: TestService;
  readonly resources: readonly string[];
  readonly client: Credentials;
  /** They verify every token. */
  readonly near: Readonly<Record<string, Verify>>;
  /** They verify some, and each costs a call of another program. They know `PROTECTED` only. */
  readonly outside: Readonly<Record<string, Verify>>;
  stop(): Promise<void>;
}

export async function createRotatingWorld({ leadSeconds, cooldownSeconds }: Times): Promise<RotatingWorld> {
  requirePackages('python3-jwt', 'python3-cryptography', 'haproxy');
  const leadMs = leadSeconds * 1000;
  const authority = newAuthority('authority');
  const { certFile, keyFile } = newCertificate(
    { subject: '/CN=localhost', altNames: 'DNS:localhost' },
    authority,
  );
  // Apache reads it as another user.
  const readable = tempDir('authority');
  chmodSync(readable, 0o755);
  const authorityFile = join(readable, 'authority.pem');
  copyFileSync(authority.certFile, authorityFile);
  chmodSync(authorityFile, 0o644);
  const redis = await startRedis();
  const config = {
    ...CONFIG,
    resources: Object.fromEntries(
      Object.entries(CONFIG.resources).map(([name, resource]) => [
        name,
        { ...resource, token_lifetime_seconds: TOKEN_SECONDS },
      ]),
    ),
  };
  const env = {
    STORE_URL: redis.url,
    KEY_ENCRYPTION_KEY: newKeyEncryptionKey(),
    RING_REFRESH_MS: '200',
    CLOCK_SKEW_SECONDS: '0',
    KEY_PUBLISH_LEAD_SECONDS: String(leadSeconds),
    KEY_ROTATION_DAYS: ((leadSeconds + REFRESH_SECONDS) / 86_400).toFixed(9),
    MAX_STALE_SECONDS: String(OUTAGE_SECONDS - REFRESH_SECONDS),
    KEY_RETIRE_AFTER_SECONDS: String(TOKEN_SECONDS + OUTAGE_SECONDS),
  };
  const one = await startService({ config, env });
  const { issuer } = one;
  const other = await startService({
    config,
    env: { ...env, ISSUER: issuer, PUBLIC_TLS_CERT_FILE: certFile, PUBLIC_TLS_KEY_FILE: keyFile },
  });
  const api = await startApi();
  const setting = { issuer, ordersUrl: api.url, reportsUrl: api.url };
  const modOauth2 = await startApache(setting);
  const modAuthOpenidc = await startHttpd(
    {
      module: 'auth_openidc',
      debianPackage: 'libapache2-mod-auth-openidc',
      settings: [
        `Define KEYS_URL https://localhost:${other.publicPort}/.well-known/jwks.json`,
        `OIDCCABundlePath ${authorityFile}`,
      ],
      file: 'apache-openidc.conf',
    },
    setting,
  );
  const express = await startExpress(issuer, (leadSeconds - 1) * 1000, cooldownSeconds * 1000);
  const haproxy = await startRefreshedHaproxy(setting, leadMs / 3);
  const cerbos = await startCerbos(issuer, leadSeconds - 1);
  const jwksUri = `${issuer}/.well-known/jwks.json`;
  const python = new Map(
    PROTECTED.map(({ resource }) => [resource as string, startPyJwt(jwksUri, issuer, resource)]),
  );
  const { body: client } = await portal(one).create();
  return {
    redis,
    one,
    resources: Object.keys(config.resources),
    client,
    near: inProcess(jwksUri, leadMs, cooldownSeconds * 1000),
    outside: {
      'Apache with mod_oauth2': throughGateway(() => modOauth2),
      'Apache with mod_auth_openidc': throughGateway(() => modAuthOpenidc),
      'HAProxy with the keys as PEM': throughGateway(haproxy.current),
      'express-oauth2-jwt-bearer': throughGateway(() => express),
      'Cerbos, which never asks for an unknown kid': (token, { resource }) =>
        askCerbos(cerbos, token, resource),
      PyJWT: async (token, api) => python.get(api.resource)?.verify(token, api),
    },
    async stop() {
      for (const { stop } of python.values()) stop();
      // One that can't be stopped in peace must not keep the others running.
      const gateways = [haproxy, modOauth2, modAuthOpenidc, express, cerbos];
      const stopped = await Promise.allSettled(gateways.map((each) => each.stop()));
      await Promise.all([one, other].map((each) => each.stop()));
      await Promise.all([api.stop(), redis.stop()]);
      for (const each of stopped) if (each.status === 'rejected') throw each.reason;
    },
  };
}
