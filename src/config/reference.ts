/** The reference of the configuration, `config/README.md`, made from the schema so that it can't be wrong. */
import { SCALAR_MEMBERS, variableOf } from './environment.ts';
import { configJsonSchema, type JsonSchema } from './json-schema.ts';
import { POLICY_DEFAULTS } from './portals.ts';
import { SECRET_SETTINGS } from './secret-members.ts';

export function configReference(exampleJson: string): string {
  const { properties = {} } = configJsonSchema();
  const resource = entryOf(properties.resources);
  const policy = entryOf(properties.portals);
  const variants = entryOf(properties.providers).oneOf ?? [];
  const description = (member: string) => schemaOf(properties[member]).description ?? '';
  return `${[
    INTRODUCTION,
    '## Settings',
    settingsTable(properties),
    '## Domain',
    'These members are in the configuration file only. For example, as it is shipped:',
    `\`\`\`json\n${exampleJson.trimEnd()}\n\`\`\``,
    '### `resources`',
    description('resources'),
    membersTable(resource),
    '### `providers`',
    description('providers'),
    ...variants.map((variant) => `${variantTitle(variant)}\n\n${membersTable(variant)}`),
    '### `portals`',
    description('portals'),
    membersTable(policy, POLICY_DEFAULTS),
  ].join('\n\n')}\n`;
}

const INTRODUCTION = `# Configuration

Generated from the schema in \`src/config\` by \`npm run generate\`; do not edit.

The configuration is read once, at start. Sources, later wins: the defaults below, the JSON file that \`CONFIG_FILE\` names (\`default.json\`, beside this page, when it names none), environment variables. An empty variable is unset; one whose name only looks like a setting is a warning. A relative path starts from the working directory. Every problem is reported at once, and then nothing starts; unknown members of the file are problems too.

**Secrets** (${[...SECRET_SETTINGS].map((member) => `\`${variableOf(member)}\``).join(', ')}) may come from a file instead: \`NAME_FILE\` names it, and a line break at its end is not part of the secret. In the configuration file \`{env:NAME}\` and \`{file:path}\` stand for a secret; the secret itself is refused there.

**Development** is a set-up whose issuer is on a loopback host (\`localhost\`, 127.0.0.0/8, \`[::1]\`): only there may the issuer use \`http:\`, a key-encryption key be generated, and an API key be short.

**The issuer** may have a path; then whatever stands in front maps the URLs that are the issuer plus a path to this service, and \`/.well-known/oauth-authorization-server\` plus the issuer's path too (RFC 8414 section 3.1).`;

type Properties = NonNullable<JsonSchema['properties']>;

function settingsTable(properties: Properties): string {
  return table(
    ['environment variable', 'member', 'type', 'default', 'meaning'],
    SCALAR_MEMBERS.map((member) => {
      const schema = schemaOf(properties[member]);
      const required = configJsonSchema().required?.includes(member) === true;
      return [
        code(variableOf(member)),
        code(member),
        typeText(member, schema),
        defaultText(schema, required),
        meaning(schema),
      ];
    }),
  );
}

function membersTable(entry: JsonSchema, defaults: Readonly<Record<string, unknown>> = {}): string {
  return table(
    ['member', 'type', 'default', 'meaning'],
    membersOf(entry).map(([member, property, required]) => {
      const stated = schemaOf(property);
      const schema = Object.hasOwn(defaults, member) ? { ...stated, default: defaults[member] } : stated;
      return [code(member), typeText(member, schema), defaultText(schema, required), meaning(schema)];
    }),
  );
}

/** With the members of a member that is an object itself, as `member.inner`. */
function membersOf(entry: JsonSchema): [name: string, schema: JsonSchema, required: boolean][] {
  return Object.entries(entry.properties ?? {}).flatMap(([name, property]) => {
    const schema = schemaOf(property);
    const inner = membersOf(schema).map(([member, ...rest]): [string, JsonSchema, boolean] => [
      `${name}.${member}`,
      ...rest,
    ]);
    return [[name, schema, entry.required?.includes(name) === true], ...inner];
  });
}

function variantTitle(variant: JsonSchema): string {
  return `Type ${code(String(schemaOf(variant.properties?.type).const))}: ${variant.description ?? ''}`;
}

/** The unit that a member's name ends in, in words. */
const UNITS: readonly (readonly [suffix: string, unit: string])[] = [
  ['_bytes', 'bytes'],
  ['_ms', 'milliseconds'],
  ['_seconds', 'seconds'],
  ['_days', 'days'],
];

function typeText(member: string, schema: JsonSchema): string {
  if (schema.writeOnly === true) return 'secret';
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.type === 'boolean') return `${code('true')}, ${code('false')}`;
  if (schema.type === 'array') return 'list of texts';
  if (schema.type === 'object') return 'object';
  if (schema.type !== 'integer' && schema.type !== 'number') return 'text';
  const unit = UNITS.find(([suffix]) => member.endsWith(suffix))?.[1] ?? 'number';
  const { minimum, maximum } = schema;
  return maximum === undefined ? `${unit}, at least ${minimum}` : `${unit}, ${minimum} to ${maximum}`;
}

function defaultText(schema: JsonSchema, required: boolean): string {
  if (schema.default !== undefined) return code(text(schema.default));
  return required ? 'required' : '–';
}

function meaning({ description = '', examples, writeOnly }: JsonSchema): string {
  if (!Array.isArray(examples) || writeOnly === true) return description;
  return `${description} Example: ${examples.map((example) => code(text(example))).join(', ')}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function code(value: string): string {
  return `\`${value}\``;
}

/** Columns are padded, as the project's formatter does it. */
function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const rows = [head, ...body].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [first = '', ...rest] = rows.map((cells) =>
    line(cells.map((cell, column) => cell.padEnd(widths[column] ?? 0))),
  );
  return [first, line(widths.map((width) => '-'.repeat(width))), ...rest].join('\n');
}

function schemaOf(schema: JsonSchema | boolean | undefined): JsonSchema {
  return typeof schema === 'object' ? schema : {};
}

/** What every entry of a record looks like. */
function entryOf(record: JsonSchema | boolean | undefined): JsonSchema {
  return schemaOf(schemaOf(record).additionalProperties);
}
