/** The settings that come from the environment: `NAME`, or for secrets the file that `NAME_FILE` names. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { configuration } from './schema.ts';
import { SECRET_SETTINGS } from './secret-members.ts';
import { readSecretFile, readVariable, type SourceFinding, type Surroundings } from './surroundings.ts';

export interface EnvironmentSettings {
  readonly members: Readonly<Record<string, unknown>>;
  /** Which variable gave (or failed to give) a member. */
  readonly variables: ReadonlyMap<string, string>;
  readonly findings: readonly SourceFinding[];
}

/** Every scalar member, in the schema's order. */
export const SCALAR_MEMBERS: readonly string[] = Object.entries(configuration.shape)
  .filter(([, schema]) => !(schema instanceof z.ZodRecord))
  .map(([name]) => name);

export function variableOf(member: string): string {
  return member.toUpperCase();
}

export function readEnvironment(surroundings: Surroundings): EnvironmentSettings {
  const members: Record<string, unknown> = {};
  const variables = new Map<string, string>();
  const findings: SourceFinding[] = [];
  for (const member of SCALAR_MEMBERS) {
    const variable = variableOf(member);
    const value = readVariable(surroundings, variable);
    const file = SECRET_SETTINGS.has(member) ? readVariable(surroundings, `${variable}_FILE`) : undefined;
    const problem = (name: string, message: string) =>
      findings.push({ path: [member], message, source: { kind: 'environment', variable: name } });

    if (value !== undefined) {
      variables.set(member, variable);
      members[member] = typed(member, value);
      if (file !== undefined) problem(variable, `must not be set together with ${variable}_FILE`);
    } else if (file !== undefined) {
      variables.set(member, `${variable}_FILE`);
      const secret = readSecretFile(surroundings, resolve(surroundings.cwd, file));
      if (secret.ok) members[member] = secret.text;
      else problem(`${variable}_FILE`, secret.message);
    }
  }
  return { members, variables, findings };
}

/** A list is separated by commas. A text that is no number or boolean stays a text, for the schema to refuse. */
function typed(member: string, text: string): unknown {
  const schema = innermost(configuration.shape[member as keyof typeof configuration.shape]);
  if (schema instanceof z.ZodNumber && /^-?[0-9]{1,15}(?:\.[0-9]{1,9})?$/.test(text)) return Number(text);
  if (schema instanceof z.ZodArray) return text.split(',').map((item) => item.trim());
  if (schema instanceof z.ZodBoolean && /^(?:true|false)$/.test(text)) return text === 'true';
  return text;
}

function innermost(schema: z.core.$ZodType): z.core.$ZodType {
  const wrapper =
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return wrapper ? innermost(schema.unwrap()) : schema;
}
