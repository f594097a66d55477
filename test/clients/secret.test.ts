import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  findSecret,
  isValidAt,
  MAX_VALID_SECRETS,
  newSecret,
  type Secret,
} from '../../src/clients/secret.ts';
import { POLICY_DEFAULTS, portalPolicy } from '../../src/config/portals.ts';
import { keyedHash } from '../../src/keys/derive.ts';

const NOW = 1_800_000_000;
const hash = keyedHash(randomBytes(32), 'client-secret-pepper');

function issue(changes: Partial<Secret> = {}): { secret: Secret; value: string } {
  const { secret, value } = newSecret(randomBytes, hash, NOW);
  return { secret: { ...secret, ...changes }, value };
}

function opens(secrets: readonly Secret[], presented: string, at = NOW): boolean {
  return findSecret(secrets, presented, hash, at) !== undefined;
}

test('S-DCR-30: a secret has 256 random bits and keeps every one of them', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(bytes, fc.nat(255), (random, bit) => {
      const flipped = Uint8Array.from(random);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const made = [random, flipped].map((each) => newSecret((n) => each.subarray(0, n), hash, NOW).value);
      assert.notEqual(made[0], made[1]);
    }),
  );
});

test('S-DCR-29: a secret reads the same form-encoded or not, and a scanner knows it by its prefix', () => {
  for (let count = 0; count < 100; count += 1) {
    const { value } = issue();
    assert.match(value, /^dcrs_[0-9A-Za-z]{43}$/);
    assert.equal(new URLSearchParams({ '': value }).toString(), `=${value}`);
  }
});

test('S-KEY-06: what is kept of a secret is a hash that is useless without the pepper', () => {
  const { secret, value } = issue();
  const kept = JSON.stringify(secret);
  assert.ok(!kept.includes(value) && !kept.includes(value.slice(5)));
  assert.deepEqual(Object.keys(secret).sort(), ['created_at', 'expires_at', 'hash', 'secret_id']);
  const otherPepper = keyedHash(randomBytes(32), 'client-secret-pepper');
  assert.equal(findSecret([secret], value, otherPepper, NOW), undefined);
  const otherPurpose = keyedHash(Buffer.alloc(32, 1), 'api-key-pepper');
  const samePepper = keyedHash(Buffer.alloc(32, 1), 'client-secret-pepper');
  assert.notDeepEqual(otherPurpose(value), samePepper(value));
});

test('the right secret opens, and any other value does not', () => {
  const { secret, value } = issue();
  assert.ok(opens([secret], value));
  const others: readonly (readonly [string, string])[] = [
    ['L-15: a NUL appended', `${value}\0`],
    ['several NULs appended', `${value}\0\0\0`],
    ['a trailing blank', `${value} `],
    ['a leading blank', ` ${value}`],
    ['a line feed appended', `${value}\n`],
    ['other case', value.toLowerCase()],
    ['cut', value.slice(0, -1)],
    ['the prefix alone', 'dcrs_'],
    ['without its prefix', value.slice(5)],
    ['twice', value + value],
    ['nothing', ''],
    ['what is stored', secret.hash],
    ['its id', secret.secret_id],
  ];
  for (const [name, presented] of others) assert.ok(!opens([secret], presented), name);
});

test('F-28: any single change of a secret is refused', () => {
  const { secret, value } = issue();
  const change = fc.tuple(fc.nat(value.length - 1), fc.integer({ min: 0, max: 0x2ff }));
  fc.assert(
    fc.property(change, ([at, code]) => {
      const changed = value.slice(0, at) + String.fromCharCode(code) + value.slice(at + 1);
      assert.equal(opens([secret], changed), changed === value);
    }),
  );
});

test('S-MGT-16: expiry is looked at when the secret is used, to the second', () => {
  const { secret, value } = issue({ expires_at: NOW + 60 });
  assert.ok(opens([secret], value, NOW + 59));
  assert.ok(!opens([secret], value, NOW + 60));
  assert.ok(!opens([secret], value, NOW + 1e6));
  assert.ok(isValidAt(issue().secret, Number.MAX_SAFE_INTEGER), '0 is never');
});

test('S-MGT-15: as many secrets are valid as the widest policy allows and no more, whatever a record holds', () => {
  const made = Array.from({ length: MAX_VALID_SECRETS + 2 }, () => issue());
  const secrets = made.map(({ secret }) => secret);
  assert.deepEqual(
    made.map(({ value }) => opens(secrets, value)),
    made.map((_, index) => index < MAX_VALID_SECRETS),
  );
  assert.ok(!opens([], issue().value));
  const takes = (max_secrets: number) => portalPolicy.safeParse({ max_secrets }).success;
  assert.deepEqual([takes(MAX_VALID_SECRETS), takes(MAX_VALID_SECRETS + 1)], [true, false]);
  assert.equal(POLICY_DEFAULTS.max_secrets, 2);
});

test('the secret that opens is named, so that its use can be counted', () => {
  const [newest, older, ended] = [issue(), issue({ expires_at: NOW + 60 }), issue({ expires_at: NOW })];
  const secrets = [newest, older, ended].map(({ secret }) => secret);
  assert.equal(findSecret(secrets, newest.value, hash, NOW)?.secret_id, newest.secret.secret_id);
  assert.equal(findSecret(secrets, older.value, hash, NOW)?.secret_id, older.secret.secret_id);
  assert.equal(findSecret(secrets, ended.value, hash, NOW), undefined);
});

test('S-TEN-03: one hash, and every stored one is compared, whatever is stored and whatever comes', () => {
  const made = Array.from({ length: MAX_VALID_SECRETS }, () => issue());
  for (let stored = 0; stored <= MAX_VALID_SECRETS; stored += 1) {
    const presentable = ['', 'x', 'y'.repeat(10_000), ...made.map(({ value }) => value)];
    for (const presented of presentable) {
      let hashes = 0;
      const counting = (credential: string) => {
        hashes += 1;
        return hash(credential);
      };
      let looked = 0;
      const watched = made.slice(0, stored).map(({ secret }) => ({
        ...secret,
        get hash() {
          looked += 1;
          return secret.hash;
        },
      }));
      findSecret(watched, presented, counting, NOW);
      assert.equal(hashes, 1);
      assert.equal(looked, stored, 'finding one ends nothing early');
    }
  }
});
