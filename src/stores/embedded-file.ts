/** The file of an embedded store, of its `STORE_URL`; `undefined`: it is a store that is reached over the network. */
export function embeddedFile(url: string): string | undefined {
  const scheme = 'sqlite:';
  return url.startsWith(scheme) ? url.slice(scheme.length) : undefined;
}
