import { closest, distance } from 'fastest-levenshtein'

/** The candidate that a misspelt word most likely means; `undefined` where none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const best = closest(
    word.toLowerCase(),
    candidates.map((one) => one.toLowerCase()),
  )
  const candidate = candidates.find((one) => one.toLowerCase() === best)
  const limit = Math.max(1, Math.floor(word.length / 3))
  return candidate !== undefined && distance(word.toLowerCase(), best) <= limit
    ? candidate
    : undefined
}
