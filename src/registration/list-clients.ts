/**
 * Pages through a portal's clients. A cursor is opaque and signed over what it belongs to: a caller can't
 * forge a position, and a cursor of one listing does not work in another (S-TEN-01).
 */
import { timingSafeEqual } from 'node:crypto';
import { isClientId } from '../clients/client-id.ts';
import type { ClientQuery, Position } from '../clients/client-query.ts';
import { MAX_PAGE } from '../clients/client-query.ts';
import type { ClientRecord } from '../clients/client-record.ts';
import { Refusal } from '../lib/refusal.ts';
import { type Act, type RegistrationContext, requireProvider } from './context.ts';

export interface ListRequest {
  readonly state: ClientRecord['state'] | undefined;
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly cursor: string | undefined;
  /** 1 to `MAX_PAGE`; more is taken as `MAX_PAGE`. */
  readonly limit: number;
}

export interface ListedClients {
  readonly clients: readonly ClientRecord[];
  readonly nextCursor: string | undefined;
}

export interface CursorContext {
  /** HMAC under a key of this purpose alone. */
  readonly signCursor: (text: string) => Uint8Array;
}

export async function listClients(
  context: RegistrationContext & CursorContext,
  act: Act,
  { state, labels, cursor, limit }: ListRequest,
): Promise<ListedClients> {
  requireProvider(context, act);
  const query = { portal: act.portal, provider: act.provider, state, labels };
  const sign = (position: string) => context.signCursor(`${JSON.stringify(query)}\n${position}`);
  const after = cursor === undefined ? undefined : readCursor(cursor, sign);
  const page: ClientQuery = { ...query, after, limit: Math.min(limit, MAX_PAGE) };
  const { clients, next } = await context.clients.list(page);
  return { clients, nextCursor: next && writeCursor(next, sign) };
}

type SignPosition = (position: string) => Uint8Array;
const MAC_BYTES = 16;
const NOT_OURS = {
  path: 'cursor',
  message: 'must be the next_cursor of a page of this same listing; begin again without it',
};

function writeCursor({ created_at, client_id }: Position, sign: SignPosition): string {
  const position = `${created_at}.${client_id}`;
  const mac = Buffer.from(sign(position)).subarray(0, MAC_BYTES);
  return Buffer.concat([mac, Buffer.from(position)]).toString('base64url');
}

function readCursor(cursor: string, sign: SignPosition): Position {
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(MAC_BYTES).toString('latin1');
  const mac = Buffer.from(sign(position)).subarray(0, MAC_BYTES);
  const [created_at = '', client_id = ''] = position.split('.');
  const genuine = bytes.length > MAC_BYTES && timingSafeEqual(bytes.subarray(0, MAC_BYTES), mac);
  if (!genuine || !isClientId(client_id)) throw new Refusal('cursor_invalid', { problems: [NOT_OURS] });
  return { created_at: Number(created_at), client_id };
}
