/**
 * The whole second at which something ends that is to last for `seconds` from now: not less, and not more than a
 * second longer. `nowSeconds` is a whole second that has begun already, so that what is promised to its end would
 * otherwise end early.
 */
export function endAfter(nowSeconds: number, seconds: number): number {
  return nowSeconds + seconds + 1;
}
