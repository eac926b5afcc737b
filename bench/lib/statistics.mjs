/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * The share of the sorted values below the result; no interpolation.
 *
 * @param {readonly number[]} values
 * @param {number} share 0 to 1
 */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

/**
 * Pairs were measured next to each other, so a slow moment of the machine is in both of them and
 * their ratio stays what it is.
 *
 * @param {readonly number[]} values
 * @param {readonly number[]} references of the same rounds
 */
export function medianRatio(values, references) {
  return median(values.map((value, round) => value / (references[round] ?? Number.NaN)))
}
