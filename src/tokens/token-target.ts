/** What a token is asked for: one resource (RFC 8707), which some clients call `audience`. */
import { TokenRefusal } from './token-refusal.ts';

/** `audience` is what Auth0- and Konnect-shaped clients send. Throws `TokenRefusal` when the two differ. */
export function oneTarget(resource: unknown, audience: unknown): string | undefined {
  const [named, alias] = [text(resource), text(audience)];
  if (named !== undefined && alias !== undefined && named !== alias) {
    throw new TokenRefusal('invalid_target', 'resource and audience differ; send one of them');
  }
  return named ?? alias;
}

/** A parameter without a value is treated as if it were omitted (RFC 6749 section 3.2). */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
