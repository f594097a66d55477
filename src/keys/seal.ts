/**
 * A private key under the key-encryption key: a JWE (RFC 7516), `dir` with A256GCM. The protected header
 * names the key and the purpose, so that the ciphertext of one key can't stand in for another's and nothing
 * sealed for another purpose can be fed in here (S-KEY-02).
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, type JWK } from 'jose';
import { deriveKey, type KeyEncryptionKey } from './derive.ts';
import { publicJwkOf, thumbprint } from './public-jwk.ts';

const PURPOSE = 'dcr-bridge signing key';

/** The private JWK as a compact JWE. The caller's `kid` is the key's thumbprint. */
export function sealPrivateKey(kek: KeyEncryptionKey, kid: string, privateKey: KeyObject): Promise<string> {
  const plaintext = Buffer.from(JSON.stringify(privateKey.export({ format: 'jwk' })));
  return new CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, purpose: PURPOSE })
    .encrypt(deriveKey(kek, 'ring-encryption'));
}

/** Throws when `sealed` is damaged, sealed under another key, or not the key that `kid` names. */
export async function unsealPrivateKey(
  kek: KeyEncryptionKey,
  kid: string,
  sealed: string,
): Promise<KeyObject> {
  const { plaintext, protectedHeader } = await compactDecrypt(sealed, deriveKey(kek, 'ring-encryption'), {
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
  });
  if (protectedHeader.kid !== kid || protectedHeader.purpose !== PURPOSE) {
    throw new Error('sealed for another key or purpose');
  }
  const privateKey = createPrivateKey({ key: parseJwk(plaintext), format: 'jwk' });
  plaintext.fill(0);
  // A node would else sign tokens that no published key verifies.
  if (thumbprint(publicJwkOf(privateKey)) !== kid) throw new Error('private and public key differ');
  return privateKey;
}

const ROOT_PURPOSE = 'dcr-bridge root key';

/** The key that stored hashes depend on, so that it outlives a change of the key-encryption key. */
export function sealRootKey(kek: KeyEncryptionKey, root: Uint8Array): Promise<string> {
  return new CompactEncrypt(root)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', purpose: ROOT_PURPOSE })
    .encrypt(deriveKey(kek, 'ring-encryption'));
}

/** Throws when `sealed` is damaged, sealed under another key, or not a root key. */
export async function unsealRootKey(kek: KeyEncryptionKey, sealed: string): Promise<Uint8Array> {
  const { plaintext, protectedHeader } = await compactDecrypt(sealed, deriveKey(kek, 'ring-encryption'), {
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
  });
  if (protectedHeader.purpose !== ROOT_PURPOSE) throw new Error('sealed for another purpose');
  return plaintext;
}

function parseJwk(plaintext: Uint8Array): JWK {
  return JSON.parse(Buffer.from(plaintext).toString('utf8'));
}
