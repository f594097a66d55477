/** `npm run generate`: writes the documents of the configuration. A test compares them with the schema. */
import { readFileSync, writeFileSync } from 'node:fs';
import { configJsonSchema, formatJson } from './json-schema.ts';
import { configReference } from './reference.ts';

const directory = new URL('../../config/', import.meta.url);

/** File name in `config/` → content. */
export function configDocuments(): Readonly<Record<string, string>> {
  const example = readFileSync(new URL('default.json', directory), 'utf8');
  return {
    'README.md': configReference(example),
    'schema.json': `${formatJson(configJsonSchema())}\n`,
  };
}

if (import.meta.main) {
  for (const [name, content] of Object.entries(configDocuments())) {
    writeFileSync(new URL(name, directory), content);
    console.log(`config/${name}`);
  }
}
