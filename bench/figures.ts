/** A figure of several rounds. A quick run has one round, and its spread says nothing. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** Median, least and greatest of the rounds. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: rounded(middle(sorted)), min: rounded(sorted.at(0) ?? 0), max: rounded(sorted.at(-1) ?? 0) };
}

/** The value below which `share` of the sorted values lie (nearest rank). */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? 0;
}

/** Three digits say all that a noisy machine knows; larger numbers keep their whole part. */
function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

function middle(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}
