import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createPrivateFile, readPrivateFile, replacePrivateFile } from '../../src/keys/private-file.ts';
import { endWithProcess } from '../support/end-with-process.ts';
import { tempDir } from '../support/temp.ts';
import { countingRandom, ringError } from './support.ts';

const isRoot = process.geteuid?.() === 0;
const NOBODY = 65534;

test('a file that does not exist, or whose directory does not, is absent', async () => {
  const directory = tempDir('keys');
  assert.equal(await readPrivateFile(join(directory, 'ring.json')), undefined);
  assert.equal(await readPrivateFile(join(directory, 'no', 'such', 'ring.json')), undefined);
});

test('what was written is read again; file 0600 and directory 0700, whatever the umask', async (t) => {
  const path = join(tempDir('keys'), 'keys', 'ring.json');
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  for (const content of ['one', 'two, and longer', '3']) {
    await replacePrivateFile(path, content, randomBytes);
    assert.equal(await readPrivateFile(path), content);
  }
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(join(path, '..')), ['ring.json']);
});

test('S-KEY-01: a directory of ours that a checkout left open is closed', async () => {
  const path = written();
  for (const mode of [0o755, 0o775, 0o777]) {
    chmodSync(join(path, '..'), mode);
    assert.equal(await readPrivateFile(path), 'content');
    assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
  }
});

test('S-KEY-01: a directory that holds other things is left as it is, and refused when others may write', async () => {
  const path = written();
  const directory = join(path, '..');
  writeFileSync(join(directory, 'passwd'), '');
  chmodSync(directory, 0o755);
  assert.equal(await readPrivateFile(path), 'content');
  assert.equal(statSync(directory).mode & 0o777, 0o755);
  chmodSync(directory, 0o1777);
  const refusal = ringError('file_unsafe', /written by other users/, /chmod 700/);
  await assert.rejects(readPrivateFile(path), refusal);
  await assert.rejects(replacePrivateFile(path, 'new', randomBytes), refusal);
  assert.equal(statSync(directory).mode & 0o7777, 0o1777);
  assert.deepEqual(readdirSync(directory).sort(), ['passwd', 'ring.json']);
});

test('S-KEY-01: a file that others may read or write is refused, with the command that helps', async () => {
  const path = written();
  for (const mode of [0o644, 0o640, 0o604, 0o620, 0o602, 0o601]) {
    chmodSync(path, mode);
    await assert.rejects(
      readPrivateFile(path),
      ringError('file_unsafe', new RegExp(`mode 0${mode.toString(8)}`), new RegExp(`chmod 600 ${path}`)),
    );
  }
});

test('S-KEY-01: a symbolic link, a directory, a pipe and a huge file are refused', async () => {
  const path = written();
  const link = `${path}.link`;
  symlinkSync(path, link);
  await assert.rejects(readPrivateFile(link), ringError('file_unsafe', /symbolic link/));
  mkdirSync(`${path}.directory`, { mode: 0o700 });
  await assert.rejects(readPrivateFile(`${path}.directory`), ringError('file_unsafe', /not a regular file/));
  execFileSync('mkfifo', ['-m', '600', `${path}.pipe`]);
  await assert.rejects(readPrivateFile(`${path}.pipe`), ringError('file_unsafe', /not a regular file/));
  writeFileSync(`${path}.huge`, Buffer.alloc(1024 * 1024 + 1), { mode: 0o600 });
  await assert.rejects(readPrivateFile(`${path}.huge`), ringError('file_unsafe', /larger than/));
});

test('S-KEY-01: a file of another user is refused', async () => {
  // Not being root, we find one of root's: a directory of root's that only root writes is no obstacle.
  const path = isRoot ? written() : '/etc/passwd';
  if (isRoot) chownSync(path, NOBODY, NOBODY);
  const owner = isRoot ? NOBODY : 0;
  await assert.rejects(readPrivateFile(path), ringError('file_unsafe', new RegExp(`user ${owner}`), /chown/));
});

test('S-KEY-01: a directory of another user is refused for reading and for writing', {
  skip: isRoot ? false : 'only root can give a directory away',
}, async () => {
  const path = written();
  chownSync(join(path, '..'), NOBODY, NOBODY);
  const refusal = ringError('file_unsafe', /belongs to user 65534/, /chown/);
  await assert.rejects(readPrivateFile(path), refusal);
  await assert.rejects(replacePrivateFile(path, 'new', randomBytes), refusal);
  assert.equal(readFileSync(path, 'utf8'), 'content');
});

test("S-KEY-01: a directory of root's that others may write is refused, one that they may read is not", {
  skip: isRoot ? false : 'only root can make one',
}, async () => {
  const path = written();
  chownSync(path, NOBODY, NOBODY);
  chmodSync(join(path, '..'), 0o755);
  await asNobody(async () => assert.equal(await readPrivateFile(path), 'content'));
  chmodSync(join(path, '..'), 0o1777);
  const refusal = ringError('file_unsafe', /written by other users/, /chmod 700/);
  await asNobody(() => assert.rejects(readPrivateFile(path), refusal));
});

test('F-20: a file that is there and can not be read is never taken for absent', async () => {
  const directory = tempDir('keys');
  const file = join(directory, 'file');
  writeFileSync(file, '');
  await assert.rejects(readPrivateFile(join(file, 'ring.json')), ringError('file_unreadable', /ENOTDIR/));
  if (!isRoot) return;
  const path = written();
  chownSync(join(path, '..'), NOBODY, NOBODY);
  chmodSync(path, 0o600);
  const unreadable = ringError('file_unreadable', /EACCES/);
  await asNobody(() => assert.rejects(readPrivateFile(path), unreadable));
});

test('F-18: a write that fails leaves the old content and no part of the new', async () => {
  const path = written();
  if (isRoot) chownSync(join(path, '..'), NOBODY, NOBODY);
  chmodSync(join(path, '..'), 0o500);
  await asNobody(() =>
    assert.rejects(replacePrivateFile(path, 'new', randomBytes), ringError('file_unwritable', /EACCES/)),
  );
  chmodSync(join(path, '..'), 0o700);
  assert.equal(readFileSync(path, 'utf8'), 'content');
  assert.deepEqual(readdirSync(join(path, '..')), ['ring.json']);
});

test('F-18: when the last step fails, the temporary file goes too', async () => {
  const directory = tempDir('keys');
  mkdirSync(join(directory, 'ring.json'));
  await assert.rejects(
    replacePrivateFile(join(directory, 'ring.json'), 'new', randomBytes),
    ringError('file_unwritable', /EISDIR/),
  );
  assert.deepEqual(readdirSync(directory), ['ring.json']);
});

test('creating does not replace, and of many that create at once one succeeds', async () => {
  const path = join(tempDir('keys'), 'file');
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, index) => createPrivateFile(path, `content ${index}`, randomBytes)),
  );
  assert.equal(outcomes.filter((outcome) => outcome === 'created').length, 1);
  assert.equal(await readPrivateFile(path), `content ${outcomes.indexOf('created')}`);
  assert.deepEqual(readdirSync(join(path, '..')), ['file']);
});

test("S-KEY-03: what a killed writer left is cleared away, a living writer's file is not", async () => {
  const path = written();
  writeFileSync(`${path}.dead.tmp`, 'part');
  utimesSync(`${path}.dead.tmp`, 1, 1);
  writeFileSync(`${path}.alive.tmp`, 'part');
  await replacePrivateFile(path, 'new', countingRandom());
  assert.deepEqual(readdirSync(join(path, '..')).sort(), ['ring.json', 'ring.json.alive.tmp']);
});

test('S-KEY-03: killed at any moment, a writer leaves one whole content', async () => {
  const path = written();
  const whole = ['a', 'b'].map((letter) => letter.repeat(200_000));
  const program = `
    import { randomBytes } from 'node:crypto';
    import { replacePrivateFile } from ${JSON.stringify(source('../../src/keys/private-file.ts'))};
    for (let n = 0; ; n += 1) {
      await replacePrivateFile(${JSON.stringify(path)}, 'ab'[n % 2].repeat(200_000), randomBytes);
      if (n === 0) console.log('writing');
    }`;
  for (let run = 0; run < 8; run += 1) {
    const writer = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    endWithProcess(writer);
    await once(writer.stdout, 'data');
    await sleep(1 + run * 3);
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    const found = (await readPrivateFile(path)) ?? '';
    assert.ok(whole.includes(found), `run ${run} left ${found.length} characters`);
  }
});

/** A private file with content, in a directory of its own. */
function written(): string {
  const directory = join(tempDir('keys'), 'keys');
  // Others must be able to get to it, or every refusal would be the parent's.
  chmodSync(join(directory, '..'), 0o755);
  mkdirSync(directory, { mode: 0o700 });
  const path = join(directory, 'ring.json');
  writeFileSync(path, 'content', { mode: 0o600 });
  return path;
}

/** Root may do everything, so what an ordinary user may not do is tried as one. */
async function asNobody(attempt: () => Promise<void>): Promise<void> {
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    await attempt();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

function source(path: string): string {
  return fileURLToPath(import.meta.resolve(path));
}
