import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { newKeyEncryptionKey } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { type Ran, run } from './support.ts';

const cwd = tempDir('cli');

function wrongUsage({ code, stdout, stderr }: Ran, says: RegExp): void {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, says);
  assert.match(stderr, /^ {2}dcr-bridge |^ {2}portals list/m, 'help follows');
}

describe('help', { concurrency: 4 }, () => {
  for (const words of [['--help'], ['-h'], ['help'], ['nonsense', '--help']]) {
    test(`${words.join(' ')} lists every command`, async () => {
      const { code, stdout, stderr } = await run(words, { cwd });
      assert.deepEqual([code, stderr], [0, '']);
      for (const line of [
        'serve',
        'config check',
        'config print',
        'portals add NAME',
        'portals roll-key NAME [OVERLAP_SECONDS]',
        'portals issue-token NAME [USES [SECONDS]]',
        'clients list PORTAL [PROVIDER]',
        'clients delete CLIENT_ID',
        'keys activate KID|ALG [--force]',
        'keys import FILE [ALG [PASSPHRASE_FILE]]',
        'providers check [NAME]',
        'openapi',
      ]) {
        assert.ok(stdout.includes(`  ${line}`), line);
      }
    });
  }

  for (const command of [
    'serve',
    'config',
    'portals',
    'clients',
    'keys',
    'providers',
    'reconcile',
    'openapi',
  ]) {
    test(`${command} --help explains it, with examples, and so does help ${command}`, async () => {
      const { code, stdout } = await run([command, '--help'], { cwd });
      assert.deepEqual(await run(['help', command], { cwd }), { code, stdout, stderr: '' });
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^Usage:\\n {2}dcr-bridge ${command}`, 'm'));
      assert.match(stdout, /^Examples:\n {2}\S/m);
    });
  }
});

describe('--version', { concurrency: 4 }, () => {
  const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8'));
  for (const words of [['--version'], ['-V']]) {
    test(`${words} prints the package's version, whatever the configuration, and makes nothing`, async () => {
      const empty = tempDir('cli-version');
      const ran = await run(words, { cwd: empty, env: { CONFIG_FILE: 'absent' } });
      assert.deepEqual(ran, { code: 0, stdout: `${version}\n`, stderr: '' });
      assert.deepEqual(readdirSync(empty), []);
    });
  }

  test('--json makes it JSON; the help names it', async () => {
    const { code, stdout } = await run(['--version', '--json'], { cwd });
    assert.deepEqual([code, JSON.parse(stdout)], [0, { version }]);
    assert.match((await run(['--help'], { cwd })).stdout, /^ {7}dcr-bridge --version$/m);
  });
});

describe('words that mean nothing: exit code 2, help, and nothing is made', { concurrency: 4 }, () => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['nonsense'], /there is no command "nonsense"/],
    [['__proto__'], /there is no command "__proto__"/],
    [['config'], /say one of: check, print/],
    [['config', 'toString'], /say one of: check, print/],
    [['portals'], /say one of: list, add, roll-key, issue-token, disable, enable\n/],
    [['portals', 'drop'], /say one of: list, add, roll-key/],
    [['portals', 'add'], /NAME must be/],
    [['portals', 'add', 'a b'], /NAME must be/],
    [['portals', 'add', '../x'], /NAME must be/],
    [['portals', 'roll-key', 'acme', 'soon'], /OVERLAP_SECONDS must be/],
    [['portals', 'roll-key', 'acme', '1.5'], /OVERLAP_SECONDS must be/],
    [['portals', 'disable'], /NAME must be/],
    [['portals', 'list', '--jsn'], /there is no option --jsn/],
    [['portals', 'list', '--json=yes'], /--json takes no value/],
    [['portals', 'list', '-x'], /there is no option -x/],
    [['serve', 'now'], /"now" is one word too many/],
    [['portals', 'roll-key', 'acme', '--overlap', '60'], /--overlap/],
    [['portals', 'add', 'acme', 'beta'], /"beta" is one word too many/],
    [['portals', 'roll-key', 'acme', '1', '2'], /"2" is one word too many/],
    [['config', 'check', 'config.json'], /"config.json" is one word too many/],
    [['portals', 'issue-token', 'acme', 'many'], /USES must be/],
    [['portals', 'issue-token', 'acme', '1', 'soon'], /SECONDS must be/],
    [['portals', 'issue-token', 'acme', '1', '60', '60'], /"60" is one word too many/],
    [['clients'], /say one of: list, show, disable, enable, delete\n/],
    [['clients', 'list'], /PORTAL must be/],
    [['clients', 'list', 'a b'], /PORTAL must be/],
    [['clients', 'list', 'acme', 'local', 'all'], /"all" is one word too many/],
    [['clients', 'show'], /say which client: CLIENT_ID/],
    [['clients', 'delete'], /say which client: CLIENT_ID/],
    [['clients', 'disable', 'one', 'two'], /"two" is one word too many/],
    [['keys'], /say one of: list, announce, activate, retire, taint, rewrap, export, import\n/],
    [['keys', 'list', 'RS256'], /"RS256" is one word too many/],
    [['keys', 'announce'], /ALG must be one of RS256/],
    [['keys', 'announce', 'HS256'], /ALG must be one of RS256/],
    [['keys', 'activate'], /say which key: KID or ALG/],
    [['keys', 'taint', 'RS256', 'ES256'], /"ES256" is one word too many/],
    [['keys', 'taint', 'RS256', '--force'], /keys taint takes no --force/],
    [['keys', 'import'], /say which file: FILE/],
    [['keys', 'import', 'a.pem', 'none'], /ALG must be one of RS256/],
    [['keys', 'export'], /say where to: FILE/],
    [['portals', 'list', '--force'], /there is no option --force/],
    [['providers'], /say one of: check\n/],
    [['providers', 'check', 'acme'], /NAME must be an upstream provider; none is configured/],
    [['providers', 'check', 'acme', 'all'], /"all" is one word too many/],
    [['portals', 'list', '--version'], /--version stands alone/],
    [['--version=1'], /^Usage/],
    [['-V', '-x'], /^Usage/],
    [['openapi', 'yaml'], /"yaml" is one word too many/],
  ];
  for (const [words, says] of rows) {
    test(words.join(' '), async () => {
      const empty = tempDir('cli-usage');
      wrongUsage(await run(words, { cwd: empty }), says);
      assert.deepEqual(readdirSync(empty), [], 'no store, no keys');
    });
  }

  test('nothing at all', async () => {
    const { code, stdout, stderr } = await run([], { cwd });
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^Usage: dcr-bridge COMMAND/);
  });
});

describe('a configuration that is not valid: exit code 2, every problem, for every command', {
  concurrency: 4,
}, () => {
  const env = { ISSUER: 'not-a-url', LOG_LEVEL: 'loud', WORKERS: 'many', BOOTSTRAP_PORTAL: 'test:changeme' };
  for (const words of [
    ['config', 'check'],
    ['config', 'print'],
    ['portals', 'list'],
    ['clients', 'list', 'acme'],
    ['serve'],
  ]) {
    test(words.join(' '), async () => {
      const empty = tempDir('cli-config');
      const { code, stdout, stderr } = await run(words, { cwd: empty, env });
      assert.deepEqual([code, stdout], [2, '']);
      const lines = stderr.trimEnd().split('\n');
      assert.equal(lines[0], 'The configuration is not valid:');
      assert.deepEqual(
        lines
          .slice(1)
          .map((line) => line.split(':')[0])
          .sort(),
        ['BOOTSTRAP_PORTAL', 'ISSUER', 'LOG_LEVEL', 'WORKERS'],
      );
      assert.ok(!stderr.includes('changeme'), 'no received secret');
      assert.deepEqual(readdirSync(empty), []);
    });
  }

  test('a broken file is told with line and column', async () => {
    writeFileSync(join(cwd, 'broken.json'), '{\n  "log_level": info\n}');
    const { code, stderr } = await run(['config', 'check'], { cwd, env: { CONFIG_FILE: 'broken.json' } });
    assert.equal(code, 2);
    assert.match(stderr, /broken\.json: line 2, column 16: /);
  });
});

describe('config', { concurrency: 4 }, () => {
  test('check says that it is valid, for a person and for a program', async () => {
    const person = await run(['config', 'check'], { cwd });
    assert.deepEqual([person.code, person.stdout, person.stderr], [0, 'The configuration is valid.\n', '']);
    const program = await run(['config', 'check', '--json'], { cwd });
    assert.deepEqual(JSON.parse(program.stdout), { valid: true, warnings: [] });
    const env = { BOOTSTRAP_PORTAL: 'test:Zm9vYmFyLXNob3J0' };
    const warned = await run(['config', 'check'], { cwd, env });
    assert.match(
      warned.stdout,
      /^The configuration is valid\.\nWarning: BOOTSTRAP_PORTAL has an API key of fewer than/,
    );
  });

  test('a variable that is surely misspelt is told by check, by doctor, and where it is why there is a problem', async () => {
    const said = 'KEY_DIR is passed over: did you mean KEYS_DIR?';
    const env = { KEY_DIR: '/canary-value' };
    const check = await run(['config', 'check'], { cwd, env });
    assert.equal(check.stdout, `The configuration is valid.\nWarning: ${said}\n`);
    const program = await run(['config', 'check', '--json'], { cwd, env });
    assert.deepEqual(JSON.parse(program.stdout), { valid: true, warnings: [said] });
    const doctor = await run(['doctor', '--json'], { cwd: tempDir('cli-doctor'), env });
    const { checks } = JSON.parse(doctor.stdout) as { checks: { result: string; found: string }[] };
    assert.deepEqual(
      checks.filter(({ found }) => found === said).map(({ result }) => result),
      ['warning'],
    );
    const refused = await run(['serve'], { cwd, env: { ...env, LOG_LEVEL: 'loud' } });
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /\nLOG_LEVEL: .*\nWarning: KEY_DIR is passed over: did you mean KEYS_DIR\?\n$/,
    );
    for (const { stdout, stderr } of [check, program, doctor, refused])
      assert.ok(!`${stdout}${stderr}`.includes('canary-value'));
  });

  test('print shows what is in force, and of secrets only that they are set', async () => {
    const kek = newKeyEncryptionKey();
    const env = {
      KEY_ENCRYPTION_KEY: kek,
      BOOTSTRAP_PORTAL: 'acme:dcrk_0f1e2d3c4b5a69788796a5b4c3d2e1f0',
      STORE_URL: 'redis://bridge:s3cr3t-of-redis@127.0.0.1:6379/2',
      LOG_LEVEL: 'warn',
    };
    for (const words of [
      ['config', 'print'],
      ['config', 'print', '--json'],
    ]) {
      const { code, stdout, stderr } = await run(words, { cwd, env });
      assert.equal(code, 0, stderr);
      const printed = JSON.parse(stdout);
      assert.equal(printed.log_level, 'warn');
      assert.equal(printed.public_listen, '0.0.0.0:3000');
      assert.equal(printed.key_encryption_key, '[set]');
      assert.equal(printed.bootstrap_portal, '[set]');
      assert.equal(printed.resources['https://api.example.com'].signing_alg, 'RS256');
      for (const secret of [kek, 'dcrk_0f1e', 's3cr3t'])
        assert.ok(!(stdout + stderr).includes(secret), secret);
    }
    assert.ok(!existsSync(join(cwd, 'data')) && !existsSync(join(cwd, 'keys')), 'printing makes nothing');
  });
});

test('a look at a store that is not there says so, and makes none', async () => {
  const cwd = tempDir();
  for (const words of [['clients', 'list', 'acme'], ['portals', 'list'], ['reconcile'], ['keys', 'list']]) {
    const { code, stdout, stderr } = await run(words, { cwd });
    assert.deepEqual([code, stdout], [1, ''], words.join(' '));
    assert.match(stderr, /there is no store at \/.*\/data\/dcr-bridge\.db: set STORE_URL to the store that/);
  }
  assert.deepEqual(readdirSync(cwd), []);
});
