/**
 * The OpenAPI 3.1 document of the route tables: the same rows that are served and the same schemas that
 * check what comes in and what goes out, so that it can't tell another story than the service does.
 *
 * Pure. It refuses what would make a misleading document: an operation id or a route that comes twice, a
 * parameter without a description, an answer without an example.
 */
import type { ApiGroup, ApiServer } from './api-group.ts';
import { ERROR_HEADERS, errorExamples, errorsOf } from './error-responses.ts';
import { operationOf } from './operation.ts';
import { PARAMETERS, pathTemplate } from './parameters.ts';
import { schemaComponents } from './schemas.ts';
import { SECURITY_SCHEMES } from './security.ts';

export interface ApiDescription {
  readonly version: string;
  readonly description: string;
  /** Where the operations are, unless their group is elsewhere. */
  readonly server: ApiServer;
  readonly groups: readonly ApiGroup[];
}

type PathItem = Record<string, unknown>;

export interface OpenApiDocument {
  readonly openapi: '3.1.1';
  readonly info: Readonly<Record<string, unknown>>;
  readonly servers: readonly ApiServer[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export function openApiDocument({ version, description, server, groups }: ApiDescription): OpenApiDocument {
  const schemas = schemaComponents();
  const rows = groups.flatMap((group) =>
    group.endpoints.map((endpoint) => ({ group, endpoint, credentials: group.credentialsOf(endpoint) })),
  );
  refuseDoubles(rows.map(({ endpoint }) => endpoint.operationId));
  refuseDoubles(rows.map(({ endpoint }) => `${endpoint.method} ${pathTemplate(endpoint.path)}`));
  const paths: Record<string, PathItem> = {};
  for (const { group, endpoint, credentials } of rows) {
    const path = pathTemplate(endpoint.path);
    paths[path] = {
      // The document's own server goes without saying.
      ...(group.server === server ? {} : { servers: [group.server] }),
      ...paths[path],
      [endpoint.method.toLowerCase()]: operationOf(endpoint, { tag: group.name, credentials }, schemas),
    };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'dcr-bridge',
      version,
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [server],
    tags: groups.map((group) => ({ name: group.name, description: group.description })),
    paths,
    components: {
      schemas: Object.fromEntries(schemas.byId),
      parameters: PARAMETERS,
      headers: ERROR_HEADERS,
      examples: errorExamples(new Set(rows.flatMap(errorsOf))),
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

function refuseDoubles(names: readonly string[]): void {
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) throw new Error(`${double} is described twice`);
}
