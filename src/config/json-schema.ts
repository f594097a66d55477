/** The schema of the configuration file as JSON Schema (draft 2020-12), for editors and for the reference. */
import { z } from 'zod';
import { configuration } from './schema.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

export function configJsonSchema(): JsonSchema {
  const { $schema: _, ...schema }: JsonSchema = z.toJSONSchema(configuration, {
    io: 'input',
    override: ({ jsonSchema }) => {
      // zod's bounds of a whole number without bounds say nothing to a reader.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.writeOnly !== true) return;
      // In the file a secret is always a placeholder.
      jsonSchema.pattern = '^\\{(?:env|file):[^{}]+\\}$';
      jsonSchema.examples = ['{env:NAME}', '{file:path}'];
    },
  });
  const editor = { type: 'string', description: 'This schema, for editors.' } as const;
  return {
    $schema: DIALECT,
    title: 'dcr-bridge configuration file',
    ...schema,
    properties: { $schema: editor, ...schema.properties },
  };
}

const LINE_CHARACTERS = 110;

/** JSON as the project's formatter writes it: a list without objects on one line while it fits. */
export function formatJson(value: unknown, indent = '', used = 0): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const line = inline(value);
    if (!line.includes('{"') && used + line.length <= LINE_CHARACTERS) return line;
    return `[\n${value.map((item) => inner + formatJson(item, inner, inner.length)).join(',\n')}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (members.length === 0) return '{}';
  const lines = members.map(([name, member], index) => {
    const start = `${inner}${JSON.stringify(name)}: `;
    const comma = index < members.length - 1 ? 1 : 0;
    return start + formatJson(member, inner, start.length + comma);
  });
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

function inline(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(inline).join(', ')}]` : JSON.stringify(value);
}
