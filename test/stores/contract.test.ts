/** The one contract of the store's ports, run over every implementation. */
import { after, before, describe } from 'node:test';
import { clientsContract } from './contract/clients.ts';
import { createsContract } from './contract/creates.ts';
import { intentsContract } from './contract/intents.ts';
import { leasesContract } from './contract/leases.ts';
import { pagesContract } from './contract/pages.ts';
import { pagesModel } from './contract/pages-model.ts';
import { portalsContract } from './contract/portals.ts';
import { racesContract } from './contract/races.ts';
import { rateLimitsContract } from './contract/rate-limits.ts';
import { readersContract } from './contract/readers.ts';
import { replaysContract } from './contract/replays.ts';
import { revocationsContract } from './contract/revocations.ts';
import { ringsContract } from './contract/rings.ts';
import { secretUsageContract } from './contract/secret-usage.ts';
import { IMPLEMENTATIONS } from './implementations.ts';

for (const implementation of IMPLEMENTATIONS) {
  describe(implementation.name, () => {
    let end = async (): Promise<void> => {};
    before(async () => {
      end = await implementation.start();
    });
    after(() => end());

    clientsContract(implementation);
    createsContract(implementation);
    pagesContract(implementation);
    pagesModel(implementation);
    secretUsageContract(implementation);
    rateLimitsContract(implementation);
    portalsContract(implementation);
    replaysContract(implementation);
    ringsContract(implementation);
    intentsContract(implementation);
    leasesContract(implementation);
    readersContract(implementation);
    revocationsContract(implementation);
    racesContract(implementation);
  });
}
