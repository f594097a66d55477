/** Certificates that no tool makes: with bytes changed in what openssl made. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import type { CertificateFiles } from './certificates.ts';

/** The same with other bytes for a signature, as long as one by a key of that length. */
export function withSignature(files: CertificateFiles, bytes: number): CertificateFiles {
  const { raw } = new X509Certificate(files.cert);
  const signed = partsOf(partsOf(raw)[0]?.content ?? raw).slice(0, 2);
  const content = Buffer.concat([...signed.map(({ whole }) => whole), part(0x03, Buffer.alloc(bytes + 1))]);
  return withDer(files, part(0x30, content));
}

/** Of DER: tag, length in two bytes, content. */
function part(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, 0x82, content.length >> 8, content.length & 0xff]), content]);
}

function partsOf(der: Buffer): readonly { readonly whole: Buffer; readonly content: Buffer }[] {
  const parts: { whole: Buffer; content: Buffer }[] = [];
  for (let at = 0; at < der.length; ) {
    const first = der[at + 1] ?? 0;
    const head = first < 0x80 ? 2 : 2 + (first & 0x7f);
    const end = at + head + (first < 0x80 ? first : der.readUIntBE(at + 2, first & 0x7f));
    parts.push({ whole: der.subarray(at, end), content: der.subarray(at + head, end) });
    at = end;
  }
  return parts;
}

/** The same with a point for a key (P-256) that is on no curve. */
export function withoutKey(files: CertificateFiles): CertificateFiles {
  const { raw, publicKey } = new X509Certificate(files.cert);
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-64);
  const at = raw.indexOf(point);
  assert.ok(at > 0);
  return withDer(files, Buffer.from(raw).fill(1, at, at + 64));
}

function withDer(files: CertificateFiles, der: Buffer): CertificateFiles {
  const cert = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  return { ...files, cert };
}
