/** What is counted in memory and written now and then: the uses of secrets, and who fetched the JWKS. */
import { createSecretUsageRecorder, type SecretUsageRecorder } from '../clients/secret-usage-recorder.ts';
import { createReaderRecorder, type ReaderRecorder } from '../keys/reader-recorder.ts';
import type { Parts } from './parts.ts';

export interface Recorders {
  readonly usage: SecretUsageRecorder;
  readonly readers: ReaderRecorder;
}

export function recorders({ config, log, store }: Pick<Parts, 'config' | 'log' | 'store'>): Recorders {
  return {
    usage: createSecretUsageRecorder(store.secretUsage, (error) =>
      log.warn({ err: error }, 'the uses of secrets could not be written; they are counted on'),
    ),
    readers: createReaderRecorder(
      store.readers,
      new Set(Object.values(config.resources).flatMap((resource) => resource.readers)),
      (error) => log.warn({ err: error }, 'who fetched the JWKS could not be written; it is kept for later'),
    ),
  };
}
