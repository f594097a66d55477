/**
 * What the API description is made of: route tables as the dialects give them, without what handles a
 * request, and with what a reader needs besides: where they are served and which credentials they take.
 */
import type { Endpoint } from '../../lib/endpoint.ts';
import type { CredentialName } from './security.ts';

export type DescribedEndpoint = Omit<Endpoint<never>, 'handle'>;

export interface ApiServer {
  /** Absolute, without a slash at the end. */
  readonly url: string;
  readonly description: string;
}

/** One dialect on one listener. */
export interface ApiGroup {
  /** The tag of its operations: a heading to the reader. */
  readonly name: string;
  readonly description: string;
  readonly server: ApiServer;
  readonly endpoints: readonly DescribedEndpoint[];
  /** Any one of them is enough. */
  readonly credentialsOf: (endpoint: DescribedEndpoint) => readonly CredentialName[];
}
