/**
 * Fetches a token with openid-client by the certificate of its connections and prints the response as JSON.
 * Usage: fetch-token-by-certificate.ts ISSUER CLIENT_ID CA_FILE CERT_FILE KEY_FILE
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import * as openid from 'openid-client';

const [issuer = '', clientId = '', ...files] = process.argv.slice(2);
const [ca, cert, key] = files.map((file) => readFileSync(file));
const agent = new Agent({ ca, cert, key, keepAlive: true });

const overMutualTls: openid.CustomFetch = async (url, { method, headers, body }) => {
  const sent = request(url, { method, headers: { ...headers }, agent });
  sent.end(body instanceof URLSearchParams ? body.toString() : (body ?? ''));
  const [response] = await once(sent, 'response');
  const text = Buffer.concat(await response.toArray());
  return new Response(text, { status: response.statusCode, headers: response.headers });
};

const config = await openid.discovery(
  new URL(issuer),
  clientId,
  { use_mtls_endpoint_aliases: true },
  openid.TlsClientAuth(),
  { [openid.customFetch]: overMutualTls },
);
const metadata = config.serverMetadata();
if (!metadata.tls_client_certificate_bound_access_tokens) throw new Error('no bound tokens are offered');
const { access_token, token_type } = await openid.clientCredentialsGrant(config);
console.log(JSON.stringify({ access_token, token_type }));
agent.destroy();
