import { ensureExists } from './mount-points.ts'
import { nodeAt, realPath, type Planning } from './planning.ts'
import type { BoundPath } from './types.ts'

/** What the runner itself reads and writes during the run: bound, for a live overlay would show stale views of it. */
export function addRunnerPaths(planning: Planning): void {
  for (const path of planning.context.readThrough) bind(planning, path, 'ro,rec,optional')
  for (const path of planning.context.writeThrough) bind(planning, path, 'rec')
}

function bind(planning: Planning, path: BoundPath, flags: string): void {
  const { inside, outside } = typeof path === 'string' ? { inside: path, outside: path } : path
  const source = realPath(planning, outside)
  const dest = realPath(planning, inside)
  const node = nodeAt(planning, source)
  const type = node?.type === 'dir' ? 'dir' : 'file'
  if (!node || !ensureExists(planning, dest, type)) return
  planning.layout.removeBelow(dest)
  const bindFlags = type === 'file' ? `${flags},file` : flags
  planning.layout.putExplicit({ kind: 'bind', path: dest, source, flags: bindFlags })
}
