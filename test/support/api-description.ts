/** The API description under test: of the shipped configuration, at addresses that could be real. */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { apiDescription } from '../../src/compose/api-description.ts';
import { describedGroups } from '../../src/compose/described-groups.ts';
import { loadConfig } from '../../src/config/load.ts';

export const ISSUER = 'https://auth.dcr-bridge.test';
export const MANAGEMENT_URL = 'https://bridge.dcr-bridge.test';

const { config } = loadConfig({
  env: { ISSUER, MANAGEMENT_URL, KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64url') },
  cwd: tmpdir(),
});

/** The route tables, by dialect and listener. */
export const groups = describedGroups(config);

export const document = apiDescription(groups, config, MANAGEMENT_URL);

export interface DescribedOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Record<string, unknown>[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<
    Record<string, { readonly content?: Content; readonly headers?: Readonly<Record<string, unknown>> }>
  >;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

interface Media {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly $ref: string }>>;
}
type Content = Readonly<Record<'application/json', Media>>;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Every operation of the document under `METHOD /path/{template}`. */
export const operations: ReadonlyMap<string, DescribedOperation> = new Map(
  Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map(
      (method) => [`${method.toUpperCase()} ${path}`, item[method] as DescribedOperation] as const,
    ),
  ),
);
