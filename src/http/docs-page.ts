/**
 * The page at `/docs`: Swagger UI from its npm package, for reading. Everything comes from this listener;
 * the page can't call the service and asks for no key, so there is none in it to be stolen.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StaticBody, staticBody } from './static-body.ts';

/** No inline script or style is among them; Swagger UI draws its icons as `data:` images. */
export const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>dcr-bridge</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/page.css">
</head>
<body>
<div id="description"></div>
<noscript>This page needs JavaScript. The description itself is at <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

/** `validatorUrl`: the badge would send the description to a validator of another host. */
const START = `'use strict';
SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#description',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: [],
  validatorUrl: null,
});
`;

/** The padlocks show which credentials an operation takes; the forms in which one would type them are gone. */
const STYLE = `#description .scheme-container .auth-wrapper > .authorize,
#description .auth-container .wrapper:has(input),
#description .auth-container .auth-btn-wrapper { display: none; }
`;

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

/** Files of the package, by the name under `/docs/`. Nothing else of it is served. */
const PACKAGE_FILES: ReadonlyMap<string, string> = new Map([
  ['swagger-ui-bundle.js', JAVASCRIPT],
  ['swagger-ui.css', CSS],
  ['favicon-32x32.png', 'image/png'],
]);

export interface DocsPage {
  readonly page: StaticBody;
  /** Read from the package at its first request and then kept. `undefined` for a name that is not served. */
  asset(name: string): Promise<StaticBody | undefined>;
}

/** Throws when the package is not installed. */
export function docsPage(): DocsPage {
  const folder = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')));
  const kept = new Map([
    ['start.js', staticBody(START, JAVASCRIPT)],
    ['page.css', staticBody(STYLE, CSS)],
  ]);
  return {
    page: staticBody(PAGE, 'text/html; charset=utf-8'),
    async asset(name) {
      const contentType = PACKAGE_FILES.get(name);
      if (contentType === undefined || kept.has(name)) return kept.get(name);
      const read = staticBody(await readFile(join(folder, name)), contentType);
      kept.set(name, read);
      return read;
    },
  };
}
