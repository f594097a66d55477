/**
 * Loaded into a service by `NODE_OPTIONS`: while the file that `FAILING_DISK` names is there, no file can be made
 * durable. A real disk of which that is true is not to be had; what a write does before is real.
 */
const { existsSync } = require('node:fs');
const files = require('node:fs/promises');
const { syncBuiltinESMExports } = require('node:module');

const { open } = files;
files.open = async (...given) => {
  const handle = await open(...given);
  const sync = handle.sync.bind(handle);
  handle.sync = async () => {
    if (!existsSync(process.env.FAILING_DISK)) return sync();
    throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', errno: -5, syscall: 'fsync' });
  };
  return handle;
};
syncBuiltinESMExports();
