/** One row of a route table as an OpenAPI operation. */
import type { DescribedEndpoint } from './api-group.ts';
import { errorBody, errorResponses, errorsOf } from './error-responses.ts';
import { parametersOf } from './parameters.ts';
import type { SchemaComponents } from './schemas.ts';
import type { CredentialName } from './security.ts';

export function operationOf(
  endpoint: DescribedEndpoint,
  { tag, credentials }: { readonly tag: string; readonly credentials: readonly CredentialName[] },
  components: SchemaComponents,
): object {
  const parameters = parametersOf(endpoint);
  return {
    tags: [tag],
    operationId: endpoint.operationId,
    summary: endpoint.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBodyOf(endpoint, components),
    responses: {
      ...answersOf(endpoint, components),
      ...errorResponses(errorsOf({ endpoint, credentials }), components.add(errorBody, 'response')),
    },
    security: credentials.map((name) => ({ [name]: [] })),
  };
}

function requestBodyOf({ requestBody }: DescribedEndpoint, components: SchemaComponents): object {
  if (requestBody === undefined) return {};
  const { presence, schema, example } = requestBody;
  return {
    requestBody: {
      required: presence === 'required',
      content: {
        'application/json': { schema: components.add(schema, 'request'), example },
      },
    },
  };
}

function answersOf({ responses, operationId }: DescribedEndpoint, components: SchemaComponents): object {
  return Object.fromEntries(
    Object.entries(responses).map(([status, { description, schema, example }]) => {
      if (schema === null) return [status, { description }];
      // A person reads the example first: an operation without one is not described.
      if (example === undefined) throw new Error(`${operationId} has no example of its ${status}`);
      return [
        status,
        {
          description,
          content: { 'application/json': { schema: components.add(schema, 'response'), example } },
        },
      ];
    }),
  );
}
