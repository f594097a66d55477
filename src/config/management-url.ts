/** How portals reach the management listener, where nobody said: the address that it listens on. */
import { formatListenAddress, type ListenAddress, withoutWildcard } from './listen-address.ts';
import type { Config } from './schema.ts';

/** `bound`: where it really listens, when the port was left to the system. */
export function managementUrl(
  { management_url, management_listen }: Pick<Config, 'management_url' | 'management_listen'>,
  bound: ListenAddress = management_listen,
): string {
  return management_url ?? `http://${formatListenAddress(withoutWildcard(bound))}`;
}
