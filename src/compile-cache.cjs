/**
 * Loaded before the first TypeScript file of `npm start`: keeps what Node.js made of the sources for the next
 * start. What takes the types away (a compiler in WebAssembly) is then not loaded at all, which is some 20 MiB
 * of a running service and a third of its start.
 *
 * It lies among the dependencies: whoever may write there may change what runs already, which is not so of a
 * directory for temporary files. Node.js compares each entry with its source, and where it may not write it
 * does without.
 */
const { enableCompileCache } = require('node:module');
const { join } = require('node:path');

enableCompileCache(join(__dirname, '../node_modules/.cache/dcr-bridge'));
