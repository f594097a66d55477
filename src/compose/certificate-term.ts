/**
 * Says in the log when a certificate of ours is not valid yet, ends soon or is over: once for each, at start and
 * on the way. It is served and believed all the same, as far as others go along: we warn, and whoever renews it acts.
 */
import { X509Certificate } from 'node:crypto';
import type { Logger } from '../telemetry/log.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Time for a person to see to it. */
const SOON_MS = 14 * DAY_MS;
/** Of its life: one that is made for a day has not ended soon all day. */
const SOON_SHARE = 1 / 3;

/** `pem` begins with the certificate that is meant; `file` is where it came from. */
export type TermWatch = (pem: string, now: Date) => void;

export function termWatch(log: Pick<Logger, 'warn'>, file: string): TermWatch {
  let told: string | undefined;
  return (pem, now) => {
    const certificate = new X509Certificate(pem);
    const warning = termWarning(certificate, now);
    const about = warning && `${warning} ${certificate.fingerprint256}`;
    if (about === told) return;
    told = about;
    if (warning === undefined) return;
    const { validFrom, validTo } = certificate;
    log.warn({ file, valid_from: validFrom, valid_to: validTo }, `a certificate ${warning}`);
  };
}

export function termWarning(
  { validFromDate, validToDate }: Pick<X509Certificate, 'validFromDate' | 'validToDate'>,
  now: Date,
): string | undefined {
  if (now < validFromDate) return 'is not valid yet: look at its dates and at the clock';
  if (now > validToDate) return 'is over: renew it';
  const lifeMs = validToDate.getTime() - validFromDate.getTime();
  const leftMs = validToDate.getTime() - now.getTime();
  return leftMs < Math.min(SOON_MS, lifeMs * SOON_SHARE) ? 'ends soon: renew it' : undefined;
}
