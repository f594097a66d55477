import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { z } from 'zod';
import { mergeMetadata } from '../../../src/clients/merge-metadata.ts';
import { ERROR_CATALOGUE, STORE_UNAVAILABLE, UPSTREAM_CATALOGUE } from '../../../src/http/error-catalogue.ts';
import { API_KEY } from '../../../src/http/openapi/security.ts';
import { document, groups, ISSUER, MANAGEMENT_URL, operations } from '../../support/api-description.ts';

const rows = groups.flatMap(({ listener, dialect, endpoints }) =>
  endpoints.map((endpoint) => ({
    listener,
    dialect,
    endpoint,
    operation: operations.get(`${endpoint.method} ${endpoint.path.replaceAll(/:(\w+)/g, '{$1}')}`),
  })),
);

function operationOf(route: string) {
  const operation = operations.get(route);
  assert.ok(operation, route);
  return operation;
}

suite('The document and the route tables', () => {
  test('every row is an operation, and every operation is a row', () => {
    assert.equal(rows.length, 30);
    for (const { endpoint, operation } of rows) {
      assert.equal(operation?.operationId, endpoint.operationId, `${endpoint.method} ${endpoint.path}`);
      assert.deepEqual(
        Object.keys(operation.responses).filter((status) => status.startsWith('2')),
        Object.keys(endpoint.responses),
        endpoint.operationId,
      );
    }
    assert.equal(operations.size, rows.length);
  });

  test('what is served by the public listener says so, and the rest is where portals reach us', () => {
    assert.deepEqual(
      document.servers.map(({ url }) => url),
      [MANAGEMENT_URL],
    );
    for (const [path, item] of Object.entries(document.paths)) {
      const servers = item.servers as { url: string }[] | undefined;
      assert.equal(servers?.[0]?.url, path.startsWith('/oauth2/') ? ISSUER : undefined, path);
    }
  });

  test('an Idempotency-Key is taken by exactly the operations that make a secret', () => {
    const key = { $ref: '#/components/parameters/IdempotencyKey' };
    const takesKey = (route: string) =>
      operationOf(route).parameters?.some(({ $ref }) => $ref === key.$ref) === true;
    for (const { endpoint } of rows) {
      const route = `${endpoint.method} ${endpoint.path.replaceAll(/:(\w+)/g, '{$1}')}`;
      assert.equal(takesKey(route), endpoint.idempotent === true, route);
    }
    assert.ok(takesKey('POST /bridge/{provider}/clients'));
    assert.ok(!takesKey('PUT /bridge/{provider}/clients/{client_id}'));
  });

  test('only a rotation offers an overlap: a secret that is added ends nothing', () => {
    const bodyOf = (route: string) =>
      JSON.stringify(operationOf(route).requestBody?.content['application/json'].schema);
    const client = '/bridge/{provider}/clients/{client_id}';
    assert.match(bodyOf(`POST ${client}/rotate-secret`), /RotateRequest/);
    assert.doesNotMatch(bodyOf(`POST ${client}/secrets`), /RotateRequest|overlap/);
  });

  test('the filter by label is a parameter of any name after "label."', () => {
    const { parameters = [] } = operationOf('GET /bridge/{provider}/clients');
    const names = parameters.map(({ name, $ref }) => name ?? $ref);
    assert.deepEqual(names, ['#/components/parameters/provider', 'limit', 'cursor', 'state', 'label.NAME']);
    assert.equal(parameters.at(-1)?.style, 'form');
    assert.equal(parameters.at(-1)?.explode, true);
  });
});

suite('Examples', () => {
  for (const { endpoint, operation } of rows) {
    const { operationId, requestBody, responses } = endpoint;
    test(`${operationId}: the examples in the document pass the schemas that check real messages`, () => {
      if (requestBody !== undefined) {
        const example = operation?.requestBody?.content['application/json'].example;
        assert.deepEqual(example, requestBody.example);
        assert.equal(operation?.requestBody?.required, requestBody.presence === 'required');
        const { success, error } = requestBody.schema.safeParse(example);
        assert.ok(success, error?.message);
      }
      for (const [status, { schema }] of Object.entries(responses)) {
        const content = operation?.responses[status]?.content;
        assert.equal(content === undefined, schema === null, status);
        if (schema === null) continue;
        // What the guard lets out of an example is the example: no member of it is unknown to the schema.
        assert.deepEqual(
          schema.parse(content?.['application/json'].example),
          content?.['application/json'].example,
        );
      }
    });
  }
});

/** Its own words, or those of the component that it refers to. */
const saysSomething = (schema: unknown) =>
  typeof schema === 'object' &&
  schema !== null &&
  ('$ref' in schema || ('description' in schema && String(schema.description).length > 5));

/** Every member of every schema in `value`, by where it is. */
function membersIn(value: unknown, path = '$'): (readonly [path: string, schema: unknown])[] {
  if (typeof value !== 'object' || value === null) return [];
  const { type, properties } = value as { type?: unknown; properties?: object };
  const isSchema = typeof properties === 'object' && (type === 'object' || Array.isArray(type));
  const members = isSchema
    ? Object.entries(properties).map(([name, schema]) => [`${path}.${name}`, schema] as const)
    : [];
  return [
    ...members,
    ...Object.entries(value).flatMap(([name, inner]) => membersIn(inner, `${path}/${name}`)),
  ];
}

suite('Schemas', () => {
  const konnect = rows.filter(({ dialect }) => dialect === 'konnect');
  const component = (name: string) =>
    document.components.schemas?.[name] as { properties: object; additionalProperties: unknown };

  test('an answer to Konnect has the members of its contract and can have no other', () => {
    const answers = {
      KonnectClient: ['client_id', 'client_secret'],
      KonnectSecretList: ['secrets'],
      KonnectSecret: ['secret_id', 'client_id', 'client_secret', 'status', 'created_at', 'expires_at'],
      PendingDeletion: ['client_id', 'state'],
    };
    for (const [name, members] of Object.entries(answers)) {
      assert.deepEqual(Object.keys(component(name).properties), members, name);
      assert.equal(component(name).additionalProperties, false, name);
    }
    for (const { operation } of konnect) {
      for (const [status, { content }] of Object.entries(operation?.responses ?? {})) {
        if (!status.startsWith('2') || content === undefined) continue;
        const { $ref, additionalProperties } = content['application/json'].schema;
        const name = typeof $ref === 'string' ? $ref.replace('#/components/schemas/', '') : '';
        assert.ok(additionalProperties === false || name in answers, `${operation?.operationId} ${status}`);
      }
    }
  });

  test('a request of Konnect may have members that nobody here has heard of', () => {
    for (const name of ['KonnectCreateRequest', 'KonnectEvent']) {
      assert.notEqual(component(name).additionalProperties, false, name);
    }
  });

  test('a time is an integer and a scope is a string, as strict portals want them', () => {
    for (const name of ['Client', 'ClientRegistration']) {
      const properties = component(name).properties as Record<string, { type: string }>;
      assert.equal(properties.client_id_issued_at?.type, 'integer');
      assert.equal(properties.client_secret_expires_at?.type, 'integer');
      assert.equal(properties.scope?.type, 'string');
    }
  });

  test('every schema and every member of it says what it means', () => {
    const silent: string[] = [];
    for (const [name, schema] of Object.entries(document.components.schemas ?? {})) {
      if (!saysSomething(schema)) silent.push(name);
    }
    const members = membersIn(document);
    for (const [path, schema] of members) if (!saysSomething(schema)) silent.push(path);
    assert.deepEqual(silent, []);
    assert.ok(members.length > 50, `only ${members.length} members were looked at`);
  });

  test('a member of a client may be null, which is absent, and the description shows it', () => {
    const { properties } = component('ClientRequest') as {
      properties: Record<string, { type?: unknown; anyOf?: unknown }>;
    };
    for (const [name, { type }] of Object.entries(properties)) {
      assert.ok(Array.isArray(type) && type.includes('null'), name);
    }
    const nulls = Object.fromEntries(Object.keys(properties).map((name) => [name, null]));
    assert.deepEqual(mergeMetadata({}, nulls), mergeMetadata({}, {}));
  });

  test('nothing of zod is left: no $defs, no $id, no bound that only JavaScript has', () => {
    const text = JSON.stringify(document);
    assert.doesNotMatch(text, /\$defs|"\$schema"|"\$id"|9007199254740991/);
  });
});

suite('Credentials', () => {
  const accepted = (route: string) => operationOf(route).security.flatMap((one) => Object.keys(one));

  test('an API key is taken by every operation', () => {
    for (const route of operations.keys()) {
      assert.deepEqual(accepted(route).slice(0, API_KEY.length), API_KEY, route);
    }
  });

  test('an initial access token registers, a registration access token manages, and no portal dialect knows them', () => {
    const others = (route: string) => accepted(route).slice(API_KEY.length);
    assert.deepEqual(others('POST /oauth2/register'), ['initialAccessToken']);
    assert.deepEqual(others('POST /register/{provider}'), ['initialAccessToken']);
    assert.deepEqual(others('GET /oauth2/register/{client_id}'), ['registrationAccessToken']);
    assert.deepEqual(others('PATCH /register/{provider}/{client_id}/renew-secret'), [
      'registrationAccessToken',
    ]);
    for (const route of operations.keys()) {
      if (/ \/(?:bridge|konnect)\//.test(route)) assert.deepEqual(others(route), [], route);
    }
  });
});

suite('Errors', () => {
  const errorsOf = (route: string): Record<string, readonly string[]> =>
    Object.fromEntries(
      Object.entries(operationOf(route).responses)
        .filter(([status]) => status.startsWith('4') || status.startsWith('5'))
        .map(([status, { content }]) => [status, Object.keys(content?.['application/json'].examples ?? {})]),
    );

  test('each error stands at the status that the catalogue gives it, in the words of the catalogue', () => {
    const known: Record<string, { status: number; error: string }> = {
      ...ERROR_CATALOGUE,
      ...UPSTREAM_CATALOGUE,
      store_unavailable: STORE_UNAVAILABLE,
    };
    const examples = document.components.examples as Record<string, { value: Record<string, string> }>;
    for (const route of operations.keys()) {
      for (const [status, names] of Object.entries(errorsOf(route))) {
        for (const name of names) {
          assert.equal(String(known[name]?.status), status, `${route} ${name}`);
          assert.equal(examples[name]?.value.error, known[name]?.error, name);
        }
      }
    }
  });

  test('every error of the catalogue is met somewhere, but those that no operation can meet', () => {
    const met = new Set([...operations.keys()].flatMap((route) => Object.values(errorsOf(route)).flat()));
    const every = Object.keys({ ...ERROR_CATALOGUE, ...UPSTREAM_CATALOGUE });
    const unmet = every.filter((reason) => !met.has(reason));
    // The third looks to its caller exactly like key_unknown.
    assert.deepEqual(unmet.sort(), [
      'method_unsupported',
      'portal_disabled',
      'replay_memory_new',
      'ring_unavailable',
      'route_unknown',
    ]);
  });

  test('an operation names the errors it can meet and not those of its neighbours', () => {
    assert.deepEqual(errorsOf('GET /bridge/{provider}/clients/{client_id}'), {
      400: ['request_malformed'],
      401: ['key_missing', 'key_unknown'],
      403: ['provider_not_allowed'],
      404: ['provider_unknown', 'client_unknown'],
      421: ['host_unknown'],
      429: ['rate_limited'],
      503: ['store_unavailable'],
    });
    assert.deepEqual(errorsOf('POST /oauth2/register'), {
      400: [
        'body_malformed',
        'request_malformed',
        'metadata_invalid',
        'redirect_uri_invalid',
        'idempotency_key_invalid',
      ],
      401: ['key_missing', 'key_unknown'],
      403: ['transport_insecure', 'quota_exceeded'],
      408: ['body_timeout'],
      413: ['body_too_large'],
      415: ['media_type_unsupported'],
      421: ['host_unknown'],
      422: ['idempotency_key_reused'],
      429: ['rate_limited'],
      503: ['overloaded', 'store_unavailable'],
    });
    assert.deepEqual(errorsOf('POST /konnect/{provider}/{client_id}/secrets')[409], [
      'client_conflict',
      'rotation_unsupported',
      'secret_limit',
      'secret_unused',
    ]);
    // What needs a provider of type oidc can't happen at our own.
    assert.deepEqual(errorsOf('DELETE /bridge/{provider}/clients/{client_id}')[409], ['client_busy']);
    assert.equal(errorsOf('DELETE /oauth2/register/{client_id}')[409], undefined);
    assert.deepEqual(
      errorsOf('DELETE /oauth2/register/{client_id}')[401]?.at(-1),
      'registration_token_invalid',
    );
  });

  test('a 401 has its challenge, a 429 and a 503 say when to come back', () => {
    for (const [route, { responses }] of operations) {
      assert.ok(responses[401]?.headers?.['WWW-Authenticate'], route);
      assert.ok(responses[429]?.headers?.['Retry-After'], route);
      assert.ok(responses[503]?.headers?.['Retry-After'], route);
    }
  });

  test('the example of a refused document is what the service says of such a document', () => {
    const { problems } = mergeMetadata({}, { client_name: 'x'.repeat(101), labels: { team: 7 } });
    const said = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
    const examples = document.components.examples as Record<string, { value: { error_description: string } }>;
    assert.equal(examples.metadata_invalid?.value.error_description, said);
    const { problems: ofUris } = mergeMetadata({}, { redirect_uris: ['https://a.example/', 'javascript:1'] });
    const saidOfUris = ofUris.map(({ path, message }) => `${path}: ${message}`).join('; ');
    assert.equal(examples.redirect_uri_invalid?.value.error_description, saidOfUris);
  });

  test('the body of an error is what its schema says', () => {
    const examples = document.components.examples as Record<string, { value: unknown }>;
    const own = { error: z.string(), error_description: z.string(), error_id: z.string() };
    const there = { upstream_error: z.string(), upstream_error_description: z.string() };
    const body = z.union([z.strictObject(own), z.strictObject({ ...own, ...there })]);
    for (const [name, { value }] of Object.entries(examples)) assert.ok(body.safeParse(value).success, name);
  });
});
