/** Reads a client (RFC 7592 section 2.1). A secret is never part of it: secrets are write-only (S-MGT-12). */
import type { ClientRecord } from '../clients/client-record.ts';
import { type Act, type RegistrationContext, readOwned, requireProvider } from './context.ts';

export async function readClient(context: RegistrationContext, act: Act, id: string): Promise<ClientRecord> {
  requireProvider(context, act);
  return readOwned(context, act, id);
}
