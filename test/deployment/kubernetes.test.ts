/** `config/kubernetes.yaml`, as far as it can be shown without a cluster. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import shipped from '../../config/default.json' with { type: 'json' };
import { settings } from '../../src/config/settings.ts';
import { run } from '../commands/support.ts';
import { send } from '../support/bridge.ts';
import { startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { PROJECT } from './compose-file.ts';
import { containerOf, ofKind, readManifest, requireValid, typeErrors } from './kubernetes-file.ts';

const manifest = readManifest();
const deployment = ofKind(manifest, 'Deployment', 'dcr-bridge');
const redis = ofKind(manifest, 'StatefulSet', 'dcr-bridge-redis');
const bridge = containerOf(deployment);
const pod = deployment.spec?.template.spec;
const environment = Object.fromEntries((bridge.env ?? []).map(({ name, value = '' }) => [name, value]));
const SECRETS = '/run/secrets/dcr-bridge';

test("each object is valid by Kubernetes' own description, and no member is one that it does not know", async () => {
  assert.ok(manifest.length >= 10);
  for (const object of manifest) await requireValid(object);
  assert.equal(typeErrors(manifest), '');
  const wrong = JSON.parse(JSON.stringify(deployment).replace('readinessProbe', 'readynessProbe'));
  assert.match(typeErrors([wrong]), /readynessProbe/);
});

test('all is in the one namespace, which lets no pod in that could be more than it needs', () => {
  const namespace = ofKind(manifest, 'Namespace', 'dcr-bridge');
  assert.equal(namespace.metadata?.labels?.['pod-security.kubernetes.io/enforce'], 'restricted');
  for (const object of manifest) {
    if (object !== namespace) assert.equal(object.metadata?.namespace, 'dcr-bridge');
  }
});

test('C-17: no container runs as root, gains privileges or writes to its image', () => {
  for (const workload of [deployment, redis]) {
    const { securityContext, automountServiceAccountToken } = workload.spec?.template.spec ?? {};
    assert.equal(automountServiceAccountToken, false);
    assert.equal(securityContext?.runAsNonRoot, true);
    assert.deepEqual(securityContext?.seccompProfile, { type: 'RuntimeDefault' });
    assert.deepEqual(containerOf(workload).securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.ok(containerOf(workload).resources?.limits?.memory !== undefined);
  }
  const [, uid, gid] = /^USER (\d+):(\d+)\n(?![\s\S]*^USER)/m.exec(dockerfile()) ?? [];
  const { runAsUser, runAsGroup, fsGroup } = pod?.securityContext ?? {};
  assert.deepEqual([runAsUser, runAsGroup, fsGroup], [Number(uid), Number(gid), Number(gid)]);
});

function dockerfile(): string {
  return readFileSync(join(PROJECT, 'config/Dockerfile'), 'utf8');
}

test('each variable is a setting, and each secret a file of the Secret that the README makes', () => {
  const known = Object.keys(settings).map((member) => member.toUpperCase());
  for (const name of Object.keys(environment)) {
    assert.ok(name === 'CONFIG_FILE' || known.includes(name.replace(/_FILE$/, '')), `${name} is no setting`);
  }
  const secret = pod?.volumes?.find(({ name }) => name === 'secrets')?.secret;
  const files = Object.entries(environment).filter(([, value]) => value.startsWith(SECRETS));
  assert.deepEqual(
    files.map(([, file]) => file.slice(SECRETS.length + 1)).sort(),
    secret?.items?.map(({ path }) => path).sort(),
  );
  const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8');
  for (const key of [...(secret?.items ?? []).map((item) => item.key), 'redis-password']) {
    assert.ok(readme.includes(`--from-literal=${key}=`), key);
  }
  assert.ok(!JSON.stringify(manifest).includes('"kind":"Secret"'), 'no secret is in the file');
});

test('S-KEY-01: the keys are in a folder of their own in a volume of the pod alone', () => {
  const mount = bridge.volumeMounts?.find(({ name }) => name === 'state')?.mountPath ?? '';
  // The folder of an emptyDir is root's, and everybody may write to it.
  assert.ok(environment.KEYS_DIR?.startsWith(`${mount}/`));
  assert.ok(pod?.volumes?.find(({ name }) => name === 'state')?.emptyDir !== undefined);
});

test('the domain is the one that is shipped', () => {
  const { data } = ofKind(manifest, 'ConfigMap', 'dcr-bridge');
  assert.deepEqual(JSON.parse(data?.['config.json'] ?? ''), shipped);
});

test('a pod changes without a gap and is given longer to stop than it takes to drain', () => {
  assert.deepEqual(deployment.spec?.strategy?.rollingUpdate, { maxUnavailable: 0, maxSurge: 1 });
  const drainMs = Number(environment.DRAIN_DELAY_MS) + Number(environment.DRAIN_TIMEOUT_MS);
  assert.ok((pod?.terminationGracePeriodSeconds ?? 0) * 1000 >= drainMs + 5000);
});

test('S-META-12: management and ops are reached from where they should, and from nowhere outside', () => {
  const services = manifest.filter((object) => object.kind === 'Service') as ReturnType<typeof serviceOf>[];
  const ports = Object.fromEntries(
    (bridge.ports ?? []).map(({ name, containerPort }) => [name, containerPort]),
  );
  assert.deepEqual(ports, { public: 3000, management: 3001, ops: 3002 });
  for (const { spec } of services) assert.ok([undefined, 'ClusterIP'].includes(spec?.type));
  const led = services.flatMap(({ spec }) => spec?.ports?.map(({ targetPort }) => targetPort));
  assert.deepEqual(led.sort(), ['management', 'public', 'redis'], 'nothing leads to ops');
  const { spec } = ofKind(manifest, 'NetworkPolicy', 'dcr-bridge');
  const open = spec?.ingress?.filter(({ from }) => from === undefined).flatMap((rule) => rule.ports ?? []);
  assert.deepEqual(open, [{ port: 'public' }]);
  const redisRules = ofKind(manifest, 'NetworkPolicy', 'dcr-bridge-redis').spec;
  assert.deepEqual(redisRules?.policyTypes, ['Ingress', 'Egress']);
  assert.ok(redisRules?.ingress?.every(({ from }) => from !== undefined) && redisRules.egress === undefined);
});

function serviceOf() {
  return ofKind(manifest, 'Service', 'dcr-bridge');
}

test('a pod, run with its environment beside its Redis, is ready, answers its probes, and doctor finds nothing', async () => {
  const password = randomBytes(24).toString('hex');
  const dir = tempDir('redis');
  const [program, ...args] = (containerOf(redis).command ?? []).map((word) =>
    word.replace('$(REDISCLI_AUTH)', password).replace(/^\/data$/, dir),
  );
  assert.equal(program, 'redis-server');
  const server = await startRedis({ appendfsync: 'none', dir, password, args });
  after(() => server.kill());
  const directory = tempDir('pod');
  const secrets = {
    'store-url': server.url,
    'key-encryption-key': newKeyEncryptionKey(),
    'bootstrap-portal': `my-portal:dcrk_${randomBytes(24).toString('hex')}`,
  };
  mkdirSync(join(directory, SECRETS), { recursive: true });
  for (const [name, value] of Object.entries(secrets)) {
    writeFileSync(join(directory, SECRETS, name), `${value}\n`, { mode: 0o440 });
  }
  mkdirSync(join(directory, '/etc/dcr-bridge'), { recursive: true });
  writeFileSync(join(directory, '/etc/dcr-bridge/config.json'), JSON.stringify(shipped));
  const places = Object.entries(environment).filter(([, value]) => value.startsWith('/'));
  const listeners = Object.keys(environment).filter((name) => name.endsWith('_LISTEN'));
  const env = {
    ...environment,
    ...Object.fromEntries(places.map(([name, path]) => [name, join(directory, path)])),
    ...Object.fromEntries(listeners.map((name) => [name, '127.0.0.1:0'])),
    DRAIN_DELAY_MS: '0',
  };
  const unset = { STORE_URL: undefined, BOOTSTRAP_PORTAL: undefined };
  const service = await startService({ directory, env: { ...env, ...unset } });
  try {
    const probes = [bridge.startupProbe, bridge.readinessProbe, bridge.livenessProbe];
    for (const probe of probes) {
      assert.equal(probe?.httpGet?.port, 'ops');
      assert.equal((await send(`${service.opsUrl}${probe?.httpGet?.path}`)).status, 200);
    }
    assert.equal((await send(`${service.opsUrl}/readyz`)).status, 200);
    const name = new URL(environment.MANAGEMENT_URL ?? '').host;
    const asked = await send(`${service.managementUrl}/openapi.json`, { headers: { host: name } });
    assert.equal(asked.status, 200, asked.text);

    const { code, stdout } = await run(['doctor', '--json'], { cwd: directory, env });
    assert.equal(code, 0, stdout);
    const worth = JSON.parse(stdout).checks.filter(({ result }: { result: string }) => result !== 'ok');
    // The issuer is for the operator to name; the listeners are on loopback, and the clock is the machine's, here only.
    for (const { check, found } of worth)
      assert.ok(['issuer', 'NTP', 'public listener'].includes(check), `${check}: ${found}`);
    await server.stop();
    assert.equal(
      (await send(`${service.opsUrl}${bridge.readinessProbe?.httpGet?.path}`)).status,
      200,
      'without Redis too',
    );
  } finally {
    assert.equal(await service.stop(), 0);
  }
});
