/**
 * What a person sees when the service made their first portal: the key, shown this once, and three curl
 * lines that work as pasted, one after the other, in any POSIX shell with nothing but curl and sed.
 */
import type { Address } from '../http/listener.ts';

const ID_AND_SECRET = String.raw`s/.*"client_id":"\([^"]*\)".*"client_secret":"\([^"]*\)".*/\1:\2/`;

export function firstStartText(
  portal: { readonly name: string; readonly key: string },
  { issuer, management }: { readonly issuer: string; readonly management: Address },
): string {
  const bridge = `http://${hostToCall(management)}/bridge/local/clients`;
  return `
The portal "${portal.name}" was created. Its API key, shown only now:

  ${portal.key}

Create a client, fetch a token with it, read the keys that a gateway verifies it with:

  client=$(curl -sS ${bridge} -H 'X-API-KEY: ${portal.key}' -H 'Content-Type: application/json' -d '{"client_name":"my first client","scope":"read"}'); echo "$client"
  curl -sS -w '\\n' ${issuer}/oauth2/token -u "$(echo "$client" | sed '${ID_AND_SECRET}')" -d grant_type=client_credentials
  curl -sS -w '\\n' ${issuer}/.well-known/jwks.json

Lost the key? npx dcr-bridge portals roll-key ${portal.name}

`;
}

/** A wildcard address is where we listen, not where anyone calls. */
function hostToCall({ host, port }: Address): string {
  if (host === '0.0.0.0' || host === '::') return `127.0.0.1:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
