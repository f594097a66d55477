/**
 * A client stays where it was created: with its portal and its provider. A mutation that says otherwise is
 * a fault of ours; doing it would leave counts and indexes that are wrong for good.
 */
import type { ClientId } from '../clients/client-id.ts';

export function clientMoved(operation: string, id: ClientId): Error {
  return new Error(`${operation}: client ${id} is another portal's or provider's`);
}
