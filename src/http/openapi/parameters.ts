/** Path, query and header parameters of an operation. Path parameters are one table: a new one is refused. */
import type { z } from 'zod';
import type { DescribedEndpoint } from './api-group.ts';
import { type JsonSchema, jsonSchemaOf } from './schemas.ts';

const pathParameter = (name: string, description: string, example: string) =>
  ({ name, in: 'path', required: true, description, schema: { type: 'string' }, example }) as const;

export const PARAMETERS = {
  provider: pathParameter(
    'provider',
    "Where the client lives: a provider's name in the configuration. `local` is our own token service.",
    'local',
  ),
  client_id: pathParameter(
    'client_id',
    'The client, as its registration named it.',
    'cl_1cTLxJdKtEmBtCkLYIHRDG',
  ),
  secret_id: pathParameter(
    'secret_id',
    'One secret of the client, as the listing names it; not the secret itself.',
    'sec_6MqbAvZIVYvEHF0kTVxJ5p',
  ),
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'Makes a retry safe: the same key with the same body gets the same answer, for 24 hours, and with the secret in it for 10 minutes, unless the operator set other times. A key belongs to one portal and one path.',
    schema: { type: 'string', pattern: '^[!-~]{1,255}$' },
    example: '5d9c68c6-7f0b-4a0a-9a5e-8d3a7f1b2c3d',
  },
} as const;

const TEMPLATE_PARAMETER = /:(\w+)/g;

/** `/clients/:client_id` as `/clients/{client_id}`. */
export function pathTemplate(path: string): string {
  return path.replace(TEMPLATE_PARAMETER, '{$1}');
}

export function pathParameterNames(path: string): readonly string[] {
  return [...path.matchAll(TEMPLATE_PARAMETER)].map(([, name = '']) => name);
}

export function parametersOf({ path, query, idempotent }: DescribedEndpoint): readonly object[] {
  const shared = [...pathParameterNames(path), ...(idempotent === true ? ['IdempotencyKey'] : [])];
  return [...shared.map(reference), ...(query === undefined ? [] : queryParameters(query))];
}

function reference(name: string): object {
  if (!Object.hasOwn(PARAMETERS, name)) throw new Error(`the parameter ${name} has no description`);
  return { $ref: `#/components/parameters/${name}` };
}

function queryParameters(query: z.ZodType): readonly object[] {
  const { properties = {}, required = [], additionalProperties } = jsonSchemaOf(query, 'request');
  const named = Object.entries(properties).map(([name, member]) =>
    queryParameter(name, required.includes(name), member),
  );
  return isOpenMember(additionalProperties) ? [...named, openParameter(additionalProperties)] : named;
}

function queryParameter(name: string, required: boolean, member: JsonSchema | boolean): object {
  const { description, ...schema } = typeof member === 'object' ? member : {};
  if (description === undefined) throw new Error(`the query parameter ${name} has no description`);
  return { name, in: 'query', required, description, schema };
}

/** A member of any name (`catchall`) that says by its title which names it is about. */
type OpenMember = JsonSchema & { readonly title: string };

function isOpenMember(member: unknown): member is OpenMember {
  return (
    typeof member === 'object' && member !== null && 'title' in member && typeof member.title === 'string'
  );
}

/** `style: form` with `explode`: each member of the object is a parameter under its own name. */
function openParameter({ title, description, ...member }: OpenMember): object {
  return {
    name: title,
    in: 'query',
    required: false,
    style: 'form',
    explode: true,
    description,
    schema: { type: 'object', additionalProperties: member },
    example: { [title]: 'VALUE' },
  };
}
