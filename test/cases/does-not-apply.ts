/** Cases of the abuse table that this service has nothing to show for, each with why. */
export const DOES_NOT_APPLY: Readonly<Record<string, string>> = {
  'S-DCR-35':
    'Providers of type oidc are refused at start by this version, so there is no upstream client that portals could share.',
  'S-MGT-20':
    'Providers of type oidc are refused at start by this version, so a delete has no upstream that could be down.',
  'S-RACE-10':
    'The engine holds no signing key, so rotating one makes no new engine: a token is signed by whichever key the ring says is active at that moment, and none is in flight on an old instance.',
};
