/**
 * Who the client is that proves a key: by an assertion, or by the certificate of its TLS connection together
 * with its `client_id` (RFC 8705 section 2). Whatever is wrong is told in the same words (S-TOK-11).
 */
import { isClientId } from '../clients/client-id.ts';
import { getsTokensHere } from '../clients/client-record.ts';
import type { TokenClient } from '../clients/token-client.ts';
import {
  type AssertionContext,
  authenticateByAssertion,
  namedByAssertion,
} from './authenticate-assertion.ts';
import { isCertificateOf, type PresentedCertificate } from './client-certificate.ts';
import { judgedAnew } from './judged-anew.ts';
import type { TokenForm } from './token-form.ts';
import { authenticationFailed } from './token-refusal.ts';

export interface KeyCredentials {
  readonly form: TokenForm;
  readonly certificate: PresentedCertificate | undefined;
}

/** Whether there is a key in it at all. A secret beside it is for the caller to refuse. */
export function bringsKey({ form, certificate }: KeyCredentials): boolean {
  return form.client_assertion !== undefined || (certificate !== undefined && form.client_id !== undefined);
}

/** The id of a client that they name: for counting failures, not for belief. */
export function namedByKey({ client_assertion, client_id = '' }: TokenForm): string | undefined {
  if (client_assertion !== undefined) return namedByAssertion(client_assertion);
  return isClientId(client_id) ? client_id : undefined;
}

/** Throws `TokenRefusal` `invalid_client`, or `StoreUnavailable`. */
export async function authenticateByKey(
  context: AssertionContext,
  { form, certificate }: KeyCredentials,
): Promise<TokenClient> {
  if (form.client_assertion !== undefined) return authenticateByAssertion(context, form);
  const now = new Date(context.now() * 1000);
  const client = await judgedAnew(context.clients, form.client_id ?? '', async (record) => {
    const active = record !== undefined && getsTokensHere(record) ? record : undefined;
    const isTheirs =
      certificate !== undefined && (await isCertificateOf(active, certificate, now, context.keys));
    return isTheirs ? active : undefined;
  });
  if (client === undefined) throw authenticationFailed('no active client whose certificate this is', false);
  return client;
}
