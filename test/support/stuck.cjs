/** Loaded into a service by `NODE_OPTIONS`: a signal makes its event loop stick, SIGUSR2 for ever, SIGURG for a while. */
const LONG_MS = 3000;

process.on('SIGUSR2', () => {
  for (;;);
});
process.on('SIGURG', () => {
  for (const until = performance.now() + LONG_MS; performance.now() < until; );
});
