/** The configuration as it may be shown: the shape of the file, secrets only as "set". */
import { formatListenAddress } from './listen-address.ts';
import type { Config } from './schema.ts';
import { replaceTexts, SECRET_MEMBERS } from './secret-members.ts';
import { maskStoreUrl } from './store-url.ts';

const SET = '[set]';

export function redactConfig(config: Config): Readonly<Record<string, unknown>> {
  const shown = {
    ...config,
    public_listen: formatListenAddress(config.public_listen),
    management_listen: formatListenAddress(config.management_listen),
    ops_listen: formatListenAddress(config.ops_listen),
    bootstrap_portal: config.bootstrap_portal && SET,
  };
  const redacted = SECRET_MEMBERS.reduce<unknown>(
    (value, { path }) => replaceTexts(value, path, path[0] === 'store_url' ? maskStoreUrl : () => SET),
    shown,
  );
  return redacted as Readonly<Record<string, unknown>>;
}
