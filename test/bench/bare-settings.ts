/** What the bench tells the servers that it compares the service with: the same client, the same token. */
export const ALGS = ['ES256', 'RS256'] as const;
export type Alg = (typeof ALGS)[number];

export interface BareSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string;
  readonly applicationId: string;
  readonly tokenLifetimeSeconds: number;
  /** Resource identifier → what its tokens are signed with. */
  readonly resources: Readonly<Record<string, Alg>>;
  /** The service's own, byte for byte. */
  readonly jwks: string;
  /** Where the stock server finds its clients, instead of the one above, and the floor claims assertions. */
  readonly redisUrl?: string;
  /** The floor's client by its public key. */
  readonly clientJwk?: Readonly<Record<string, unknown>>;
}

/** As the parent passed it to `fork`. */
export function bareSettings(): BareSettings {
  return JSON.parse(process.argv[2] ?? '');
}

/** Tells the parent where, and ends with it. */
export function reportPort(port: number): void {
  process.on('disconnect', () => process.exit());
  process.send?.(port);
}
