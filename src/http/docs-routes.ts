/**
 * The API description on the management listener: `/openapi.json` for programs, `/docs` for people. Neither
 * asks for a key: they show what the public repository shows, and where this service is to who is there
 * already. They are for that listener alone, which is on loopback unless the operator opens it (C-10).
 */
import type { RegisterRoutes } from './apps.ts';
import { DOCS_POLICY, docsPage } from './docs-page.ts';
import { sendStatic, staticBody } from './static-body.ts';

/** It changes when the service is upgraded, so a kept copy is asked for again each time; the answer is a 304. */
const REVALIDATE = 'no-cache';

/** `describe` is called once, at the first request: who never reads the description doesn't pay for it. */
export function docsRoutes(describe: () => object): RegisterRoutes {
  const { page, asset } = docsPage();
  const document = once(() => staticBody(JSON.stringify(describe()), 'application/json'));
  return (router) => {
    router.get('/openapi.json', (ctx) => sendStatic(ctx, document(), REVALIDATE));
    router.get('/docs', (ctx) => {
      // The page's links are relative to its folder, so that it works behind a proxy's prefix too.
      if (ctx.path.endsWith('/')) return ctx.redirect('../docs');
      ctx.set('Content-Security-Policy', DOCS_POLICY);
      sendStatic(ctx, page, REVALIDATE);
    });
    router.get('/docs/:asset', async (ctx) => {
      const found = await asset(ctx.params.asset ?? '');
      if (found !== undefined) sendStatic(ctx, found, REVALIDATE);
    });
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
