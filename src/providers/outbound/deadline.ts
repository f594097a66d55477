/** When a whole call on a provider must have ended, whatever it consists of: discovery, a token, the request. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** To be called when the call has ended. */
  clear(): void;
}

export function startDeadline(timeoutMs: number): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
