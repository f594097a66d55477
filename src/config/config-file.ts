/** The configuration file: its JSON, and its secrets fetched from where `{env:NAME}` and `{file:path}` point. */
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseJsonDocument } from './json-document.ts';
import type { ConfigSource, Finding } from './problems.ts';
import { type Placeholder, parsePlaceholder, replaceTexts, SECRET_MEMBERS } from './secret-members.ts';
import {
  type FileText,
  readSecretFile,
  readText,
  readVariable,
  type SourceFinding,
  type Surroundings,
} from './surroundings.ts';

/** Beside the sources, not in the working directory: the first start works from anywhere. */
const DEFAULT_FILE = fileURLToPath(new URL('../../config/default.json', import.meta.url));

export interface FileMembers {
  /** `undefined` when the file could not be read or is no JSON object. */
  readonly members: Readonly<Record<string, unknown>> | undefined;
  readonly findings: readonly SourceFinding[];
  readonly source: ConfigSource;
  /** The environment variables that its placeholders name. */
  readonly variables: ReadonlySet<string>;
}

/** Placeholders of `overridden` members are not followed: nobody asks for what they stand for. */
export function readConfigFile(surroundings: Surroundings, overridden: ReadonlySet<string>): FileMembers {
  const named = readVariable(surroundings, 'CONFIG_FILE');
  const path = named === undefined ? DEFAULT_FILE : resolve(surroundings.cwd, named);
  const source: ConfigSource = { kind: 'file', file: shownPath(path, surroundings.cwd) };
  const unusable = (message: string, from: ConfigSource = source): FileMembers => ({
    members: undefined,
    findings: [{ path: [], message, source: from }],
    source,
    variables: new Set(),
  });

  const file = readText(surroundings, path);
  if (!file.ok) {
    return named === undefined
      ? unusable(file.message)
      : unusable(`names a file that ${file.message}`, { kind: 'environment', variable: 'CONFIG_FILE' });
  }
  const document = parseJsonDocument(file.text);
  if (!document.ok) return unusable(`line ${document.line}, column ${document.column}: ${document.message}`);
  if (!isObject(document.value)) return unusable('must be a JSON object');

  // `$schema` is for editors.
  const { $schema: _, ...stated } = document.value;
  const { members, findings, variables } = fetchSecrets(stated, surroundings, overridden);
  return { members, findings: findings.map((finding) => ({ ...finding, source })), source, variables };
}

function fetchSecrets(
  stated: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
  overridden: ReadonlySet<string>,
): Pick<FileMembers, 'variables'> & {
  members: Readonly<Record<string, unknown>>;
  findings: readonly Finding[];
} {
  const findings: Finding[] = [];
  const variables = new Set<string>();
  let members: unknown = stated;
  for (const { path: pattern, isPublic } of SECRET_MEMBERS) {
    members = replaceTexts(members, pattern, (text, path) => {
      const placeholder = parsePlaceholder(text);
      if (placeholder?.kind === 'env') variables.add(placeholder.variable);
      // A literal secret is refused even where the environment overrides it: it lies in the file all the same.
      if (placeholder === undefined && isPublic(text)) return text;
      if (placeholder !== undefined && overridden.has(String(path[0]))) return undefined;
      const secret = placeholder === undefined ? LITERAL : follow(placeholder, surroundings);
      if (secret.ok) return secret.text;
      findings.push({ path, message: secret.message });
      return undefined;
    });
  }
  return { members: isObject(members) ? members : {}, findings, variables };
}

const LITERAL: FileText = {
  ok: false,
  message: 'must not be in the file itself: write {env:NAME} or {file:path} for a secret',
};

function follow(placeholder: Placeholder, surroundings: Surroundings): FileText {
  if (placeholder.kind === 'file') {
    return readSecretFile(surroundings, resolve(surroundings.cwd, placeholder.file));
  }
  const text = readVariable(surroundings, placeholder.variable);
  return text === undefined
    ? { ok: false, message: 'names an environment variable that is not set' }
    : { ok: true, text };
}

function shownPath(path: string, cwd: string): string {
  const below = relative(cwd, path);
  return below.startsWith('..') ? path : below;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
