/** What is asked and said about tokens that were issued: introspection (RFC 7662), revocation (RFC 7009). */
import type { Context } from 'koa';
import type { ClientRecord } from '../clients/client-record.ts';
import type { Introspection } from '../tokens/introspect.ts';
import { PUBLIC_PATHS } from '../tokens/server-metadata.ts';
import type { RegisterRoutes } from './apps.ts';
import { type AuthenticatedFormOptions, readTokenForm } from './authenticated-form.ts';

export interface TokenInspectionOptions {
  readonly introspection: AuthenticatedFormOptions;
  readonly introspect: (caller: ClientRecord, token: string) => Promise<Introspection>;
  readonly revocation: AuthenticatedFormOptions;
  readonly revoke: (caller: ClientRecord, token: string) => Promise<void>;
}

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
  };
}
