/** What is asked and said of tokens that were issued: introspection (RFC 7662), revocation (RFC 7009), lists. */
import type { Context } from 'koa';
import type { TokenClient } from '../clients/token-client.ts';
import type { Introspection } from '../tokens/introspect.ts';
import { PUBLIC_PATHS } from '../tokens/server-metadata.ts';
import type { RegisterRoutes } from './apps.ts';
import { type AuthenticatedFormOptions, readTokenForm } from './authenticated-form.ts';
import { type StaticBody, sendStatic } from './static-body.ts';

export interface TokenInspectionOptions {
  readonly introspection: AuthenticatedFormOptions;
  readonly introspect: (caller: TokenClient, token: string) => Promise<Introspection>;
  readonly revocation: AuthenticatedFormOptions;
  readonly revoke: (caller: TokenClient, token: string) => Promise<void>;
  readonly statusList: (alg: string, list: string) => Promise<Omit<StaticBody, 'contentType'> | undefined>;
}

/** Short: a copy in a cache is added to the time for which a verifier goes by its own. */
const STATUS_LIST_CACHING = 'public, max-age=15';

export function tokenInspectionRoutes(options: TokenInspectionOptions): RegisterRoutes {
  return (router) => {
    router.post(PUBLIC_PATHS.introspection, async function introspectToken(ctx: Context) {
      const { caller, token } = await readTokenForm(ctx, options.introspection);
      ctx.body = await options.introspect(caller, token);
    });
    router.post(PUBLIC_PATHS.revocation, async function revokeToken(ctx: Context) {
      const { caller, token } = await readTokenForm(ctx, options.revocation);
      // For the log: a revocation is an act.
      ctx.state.portal = caller.portal;
      ctx.state.clientId = caller.client_id;
      await options.revoke(caller, token);
      ctx.body = '';
    });
    router.get(PUBLIC_PATHS.statusList, async function readStatusList(ctx) {
      const found = await options.statusList(ctx.params.alg ?? '', ctx.params.list ?? '');
      if (found === undefined) return;
      sendStatic(ctx, { ...found, contentType: 'application/statuslist+jwt' }, STATUS_LIST_CACHING);
    });
  };
}
