/** What a check of `doctor` is given, and gives. */
import type { Config } from '../../config/schema.ts';
import type { Ring } from '../../keys/ring.ts';
import type { Finding } from '../../lib/finding.ts';
import type { StoreInspection } from '../../stores/inspection.ts';

export interface Examined {
  readonly config: Config;
  /** What the configuration allows and should be known. */
  readonly warnings: readonly string[];
  readonly store: StoreInspection;
  /** The ring that a start here would go on with; absent where there is none, or none that opens. */
  readonly ring: Ring | undefined;
  readonly nowSeconds: number;
}

/** Changes nothing. What it throws becomes a finding. */
export type Check = (examined: Examined) => Promise<readonly Finding[]> | readonly Finding[];
