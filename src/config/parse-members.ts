/**
 * Parses a document against the schema member by member, so that one wrong member hides no other problem:
 * zod stops at an object whose members are wrong, and what concerns several members would then only be
 * found on the second start.
 *
 * It walks objects, records and discriminated unions; every other schema parses its value as a whole.
 */
import { z } from 'zod';
import { closestName } from './closest-name.ts';
import { message } from './messages.ts';
import { type Finding, type Path, quoted } from './problems.ts';

/** `value` lacks every member with a problem; it is whole, and of the schema's output type, when there is none. */
export interface Parsed {
  readonly value: unknown;
  readonly findings: readonly Finding[];
}

export function parseMembers(schema: z.core.$ZodType, input: unknown, path: Path = []): Parsed {
  const mayBeAbsent = schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  if (mayBeAbsent && input !== undefined) return parseMembers(schema.unwrap(), input, path);
  if (schema instanceof z.ZodObject && isObject(input)) return parseObject(schema, input, path);
  if (schema instanceof z.ZodRecord && isObject(input)) return parseRecord(schema, input, path);
  if (schema instanceof z.ZodDiscriminatedUnion && isObject(input)) return parseVariant(schema, input, path);
  return parseWhole(schema, input, path);
}

function parseObject(schema: z.ZodObject, input: Members, path: Path): Parsed {
  const known = Object.keys(schema.shape);
  const unknown = Object.keys(input).filter((name) => !known.includes(name));
  return collect([
    ...Object.entries(schema.shape).map(
      ([name, member]) => [name, parseMembers(member, input[name], [...path, name])] as const,
    ),
    ...unknown.map((name) => [name, failed([...path, name], unknownMember(name, known))] as const),
  ]);
}

function unknownMember(name: string, known: readonly string[]): string {
  const meant = closestName(name, known);
  return meant === undefined
    ? `is unknown; known are ${known.join(', ')}`
    : `is unknown; did you mean ${quoted(meant)}?`;
}

function parseRecord(schema: z.ZodRecord, input: Members, path: Path): Parsed {
  return collect(
    Object.entries(input).map(([name, value]) => {
      const key = parseWhole(schema.keyType, name, [...path, name]);
      const parsed = parseMembers(schema.valueType, value, [...path, name]);
      // A wrong entry still exists: what refers to it by name is not wrong too.
      return [name, { value: parsed.value ?? {}, findings: [...key.findings, ...parsed.findings] }] as const;
    }),
  );
}

function parseVariant(schema: z.ZodDiscriminatedUnion, input: Members, path: Path): Parsed {
  const { discriminator, options } = schema.def;
  const types = options.flatMap((option) => {
    const values = option instanceof z.ZodObject ? option.shape[discriminator]?._zod.values : undefined;
    return [...(values ?? [])].map((type) => ({ type, option }));
  });
  const found = types.find(({ type }) => type === input[discriminator]);
  if (found !== undefined) return parseMembers(found.option, input, path);
  const known = types.map(({ type }) => String(type)).join(', ');
  return failed([...path, discriminator], `must be one of ${known}`);
}

function parseWhole(schema: z.core.$ZodType, input: unknown, path: Path): Parsed {
  const result = z.safeParse(schema, input, { error: message });
  if (result.success) return { value: result.data, findings: [] };
  const findings = result.error.issues.flatMap((issue) =>
    causes(issue).map((cause) => ({
      path: [...path, ...issue.path.filter((part) => typeof part !== 'symbol')],
      message: cause.message,
    })),
  );
  return { value: undefined, findings };
}

/** What to tell of an issue that only says "one of the issues inside me". */
function causes(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code === 'invalid_key') return issue.issues;
  if (issue.code !== 'invalid_union') return [issue];
  // The alternative whose type fits is the one that was meant.
  return issue.errors.find((inner) => inner.every(({ code }) => code !== 'invalid_type')) ?? [issue];
}

function failed(path: Path, text: string): Parsed {
  return { value: undefined, findings: [{ path, message: text }] };
}

function collect(members: readonly (readonly [string, Parsed])[]): Parsed {
  const known = members.filter(([, { value }]) => value !== undefined);
  return {
    // Defines own members: `__proto__` from the document is a name like any other.
    value: Object.fromEntries(known.map(([name, { value }]) => [name, value])),
    findings: members.flatMap(([, { findings }]) => findings),
  };
}

type Members = Record<string, unknown>;

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
