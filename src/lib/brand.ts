/** Nominal strings: a `ClientId` is not just any string, and the compiler says so. No cost at run time. */
declare const brand: unique symbol;
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
