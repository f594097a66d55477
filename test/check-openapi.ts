/** `npm run check:openapi`: the OpenAPI document that the service serves, linted by `.redocly.yaml`. */
import { document, operations } from './support/api-description.ts';
import { lintOpenApi } from './support/lint-openapi.ts';

const { valid, text } = lintOpenApi(document);
if (!valid) console.error(text);
console.log(`OpenAPI document: ${operations.size} operations, ${valid ? 'valid' : 'not valid'}`);
process.exitCode = valid && operations.size > 0 ? 0 : 1;
