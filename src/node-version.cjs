/**
 * Loaded before the first TypeScript file of `npm start` and `npm test`: an older Node.js would say only
 * that it does not know the extension. So it is plain JavaScript that any Node.js understands.
 */
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `dcr-bridge runs on Node.js 24, and this is ${process.versions.node}. ` +
      'The lock file brings the right one: run "npm ci", without --ignore-scripts, and use npm\'s scripts.',
  );
  process.exit(1);
}
