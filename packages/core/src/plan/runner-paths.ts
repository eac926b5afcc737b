import { ensureExists } from './mount-points.ts'
import { nodeAt, realPath, type Planning } from './planning.ts'

/** What the runner itself reads and writes during the run: bound, for a live overlay would show stale views of it. */
export function addRunnerPaths(planning: Planning): void {
  for (const path of planning.context.readThrough) bind(planning, path, 'ro,rec,optional')
  for (const path of planning.context.writeThrough) bind(planning, path, 'rec')
}

function bind(planning: Planning, path: string, flags: string): void {
  const real = realPath(planning, path)
  const node = nodeAt(planning, real)
  if (!node) return
  const type = node.type === 'dir' ? 'dir' : 'file'
  if (!ensureExists(planning, real, type)) return
  planning.layout.removeBelow(real)
  planning.layout.putExplicit({
    kind: 'bind',
    path: real,
    source: real,
    flags: type === 'file' ? `${flags},file` : flags,
  })
}
