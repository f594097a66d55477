/**
 * A right that one node has at a time, for as long as it renews it: to do alone what every node could do. A
 * node that dies loses it by time alone. It is no lock for correctness: a node that was paused may still act
 * after its lease has ended, so what is done under one must be safe to be done twice.
 */
export interface Leases {
  /**
   * Takes the lease when nobody has it, or renews the one that `holder` has. True: `holder` has it for
   * `seconds` (whole, at least 1) from now on, by the store's clock. Throws `StoreUnavailable`.
   */
  hold(name: string, holder: string, seconds: number): Promise<boolean>;
  /** Ends the lease if it is this holder's, so that another node need not wait for its end. */
  release(name: string, holder: string): Promise<void>;
}
