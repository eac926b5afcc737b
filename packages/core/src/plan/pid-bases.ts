/**
 * Gives the first pid of each sandbox of a run: tools name temporary files by their pid, so sandboxes that share a
 * written-through directory must not have the same ones.
 */
export function pidBases(): () => number {
  let sandboxes = 0
  return () => {
    sandboxes += 1
    return 1000 + ((sandboxes * 1009) % 30_000)
  }
}
