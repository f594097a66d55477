/** A host name of the configuration's allow lists, matched by `lib/host-pattern.ts`. */
import { z } from 'zod';
import { isHostPattern } from '../lib/host-pattern.ts';

export const hostPattern = z.string().refine(isHostPattern, {
  error: 'must be a host name in lower case without a port, "*." and a host name, or "*"',
});
