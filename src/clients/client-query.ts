/** A page of a portal's clients: which ones, from where on, and how many. */
import type { PortalName } from '../portals/portal-name.ts';
import type { ClientId } from './client-id.ts';
import type { ClientRecord } from './client-record.ts';

export interface ClientQuery {
  readonly portal: PortalName;
  readonly provider: string;
  readonly state: ClientRecord['state'] | undefined;
  /** Name and value; a client must have them all. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** Exclusive; from the oldest client on when undefined. */
  readonly after: Position | undefined;
  /** 1 to `MAX_PAGE`. */
  readonly limit: number;
}

/** Where a client stands in the order of pages: by creation, then by id. */
export interface Position {
  readonly created_at: number;
  readonly client_id: ClientId;
}

export interface ClientPage {
  readonly clients: readonly ClientRecord[];
  /**
   * Where the next page begins; undefined at the end. A page that filters by more than one thing may be
   * short, even empty, and still have a next: the store looks at a bounded number of clients for each page.
   */
  readonly next: Position | undefined;
}

export const MAX_PAGE = 100;
