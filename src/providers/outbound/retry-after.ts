/** `Retry-After` (RFC 9110 section 10.2.3): seconds or a date; bounded, because it is passed on. */
const MAX_SECONDS = 60;

export function retryAfterSeconds(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const isDate = value.endsWith(' GMT');
  const seconds = isDate ? (Date.parse(value) - nowMs) / 1000 : Number(/^\d{1,9}$/.exec(value)?.[0]);
  if (!Number.isFinite(seconds)) return undefined;
  return Math.min(Math.max(Math.ceil(seconds), 1), MAX_SECONDS);
}
