/**
 * What a portal's events mean for a client (Konnect's `event-hook` is the only signal of a rename and of
 * access to an API): the provider's `on_event` rules of the configuration.
 */
export interface EventRules {
  /** `all`: a new client may ask for every resource of its portal. `none`: only for what events gave it. */
  readonly initial_resources: 'all' | 'none';
  /** Resource identifier by what an event names: an audience, or the id of what was subscribed to. */
  readonly resources: Readonly<Record<string, string>>;
}
