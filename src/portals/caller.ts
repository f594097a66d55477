/** Who calls the bridge, established from the credential alone. */
import type { ClientId } from '../clients/client-id.ts';
import type { PortalName } from './portal-name.ts';

export interface Caller {
  readonly portal: PortalName;
  /** What its calls are counted under: the id of the key, the client of a registration access token. */
  readonly subject: string;
  /** Set for a registration access token: it speaks for this client and no other. */
  readonly client?: ClientId;
  /** Hash of the initial access token, when it was one: it may register and do nothing else. */
  readonly initialAccessToken?: string;
  /** It has no use left: its bearer may hear an answer again that it was given, and nothing else. */
  readonly initialAccessTokenSpent?: boolean;
}
