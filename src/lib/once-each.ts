/** What is worked out from an object, once for each and for as long as somebody has it. */
export function onceEach<Source extends object, Made>(
  make: (source: Source) => Made,
): (source: Source) => Made {
  const made = new WeakMap<Source, { readonly value: Made }>();
  return (source) => {
    let known = made.get(source);
    if (known === undefined) {
      known = { value: make(source) };
      made.set(source, known);
    }
    return known.value;
  };
}
