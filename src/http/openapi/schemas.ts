/**
 * zod schemas as JSON Schema (draft 2020-12, the dialect of OpenAPI 3.1): what has an id becomes a
 * component and is referred to, so that the document shows each object once and by its name.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

export interface SchemaComponents {
  /** A reference for a schema with an id, the schema itself for one without. */
  add(schema: z.ZodType, direction: 'request' | 'response'): JsonSchema;
  /** What was added so far, by id. */
  readonly byId: ReadonlyMap<string, JsonSchema>;
}

export function schemaComponents(): SchemaComponents {
  const byId = new Map<string, JsonSchema>();
  return {
    byId,
    add(schema, direction) {
      const { $defs = {}, ...root } = jsonSchemaOf(schema, direction);
      for (const [id, component] of Object.entries($defs)) {
        const known = byId.get(id);
        // One name for two shapes would let the second quietly stand in for the first.
        if (known !== undefined && !isDeepStrictEqual(known, component)) {
          throw new Error(`two schemas have the id ${id}, or one is used in requests and in responses`);
        }
        byId.set(id, component);
      }
      return root;
    },
  };
}

/** With its own `$defs`, as zod gives them, and references that fit the document. */
export function jsonSchemaOf(schema: z.ZodType, direction: 'request' | 'response'): JsonSchema {
  const { $schema: _, ...root }: JsonSchema = z.toJSONSchema(schema, {
    // A default is the server's to fill in: optional when it is sent, always there when it is answered.
    io: direction === 'request' ? 'input' : 'output',
    override: ({ jsonSchema }) => {
      delete jsonSchema.id;
      // zod's bounds of a whole number without bounds say nothing to a reader.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      // The format says the same in one word.
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
    },
  });
  return JSON.parse(JSON.stringify(root).replaceAll('"#/$defs/', '"#/components/schemas/'), foldNull);
}

/** A choice of one type and null as `type: [T, "null"]`, which a reader takes in at a glance. */
function foldNull(_key: string, value: unknown): unknown {
  const { anyOf, ...outer } = (value ?? {}) as JsonSchema;
  const [inner, none] = anyOf ?? [];
  if (anyOf?.length !== 2 || typeof inner?.type !== 'string' || none?.type !== 'null') return value;
  const { enum: words, type, ...others } = inner;
  return {
    ...others,
    ...outer,
    type: [type, 'null'],
    ...(words === undefined ? {} : { enum: [...words, null] }),
  };
}
