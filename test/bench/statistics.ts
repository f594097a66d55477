/** Medians and percentiles: a round that a neighbour disturbed moves neither. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return at(sorted, Math.floor(share * sorted.length));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (at(sorted, Math.floor((sorted.length - 1) / 2)) + at(sorted, Math.floor(sorted.length / 2))) / 2;
}

/** To three significant digits: the fourth is another one in the next run. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

function at(sorted: readonly number[], index: number): number {
  const value = sorted[Math.min(index, sorted.length - 1)];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}
