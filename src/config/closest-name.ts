/** Which known name was probably meant: for the hint beside an unknown one. */

/** `undefined` when nothing is near: a wrong hint is worse than none. */
export function closestName(name: string, known: Iterable<string>): string | undefined {
  let closest: string | undefined;
  // Two, because letters that changed places are two edits.
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    // `issuer_url`, `token_lifetime`: a word too many or too few is the commonest slip.
    const isPart = candidate.startsWith(name) || name.startsWith(candidate);
    const distance = isPart ? 1 : editDistance(name.toLowerCase(), candidate);
    if (distance < least) [closest, least] = [candidate, distance];
  }
  return closest;
}

/** Levenshtein distance, one row at a time. */
export function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replace = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
