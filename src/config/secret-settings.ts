/**
 * The settings that are secrets: their syntax, and the refusal of defaults. Their messages never contain
 * what was received.
 */
import { z } from 'zod';
import { parseKeyEncryptionKey } from '../keys/key-encryption-key.ts';
import { RingError } from '../keys/ring-error.ts';
import { isPortalName, PORTAL_NAME_RULE, type PortalName } from '../portals/portal-name.ts';
import { isWellKnownKey } from './key-strength.ts';

/** Makes the documents say "secret", and is what the list of secrets is tested against. */
export const SECRET = { writeOnly: true } as const;

/** What a key-encryption key is, is for the keys to say; here only so that it is said with every other problem. */
export const keyEncryptionKey = z.string().refine(isKeyEncryptionKey, {
  error:
    'must be 256 random bits as 43 base64url characters; make one with: ' +
    "openssl rand -base64 32 | tr '+/' '-_' | tr -d '='",
});

function isKeyEncryptionKey(text: string): boolean {
  try {
    return parseKeyEncryptionKey(text).length > 0;
  } catch (error) {
    if (error instanceof RingError) return false;
    throw error;
  }
}

export interface BootstrapPortal {
  readonly name: PortalName;
  readonly api_key: string;
}

const API_KEY = /^[\x21-\x7e]{12,256}$/;

export const bootstrapPortal = z.string().transform((text, context): BootstrapPortal => {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0));
  const apiKey = text.slice(colon + 1);
  const problems: string[] = [];
  if (colon < 0) problems.push('must be name:api_key');
  else {
    if (!isPortalName(name)) problems.push(`must begin with a portal name: ${PORTAL_NAME_RULE}`);
    if (!API_KEY.test(apiKey)) problems.push('must have an API key of 12 to 256 visible ASCII characters');
    else if (isWellKnownKey(apiKey))
      problems.push('must have a random API key: this is a default or an example');
    if (isPortalName(name) && problems.length === 0) return { name, api_key: apiKey };
  }
  for (const message of problems) context.addIssue({ code: 'custom', message });
  return z.NEVER;
});
