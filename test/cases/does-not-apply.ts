/** Cases of the abuse table that this service has nothing to show for, each with why. */
export const DOES_NOT_APPLY: Readonly<Record<string, string>> = {
  'S-PKJ-02':
    'The bridge authenticates at no provider by an assertion: its own credential there is a token or a secret, so there is no audience for anybody to choose.',
  'S-RACE-10':
    'The engine holds no signing key, so rotating one makes no new engine: a token is signed by whichever key the ring says is active at that moment, and none is in flight on an old instance.',
};
