import type { HostNode } from '../host/types.ts'
import { chain } from '../paths/paths.ts'
import { isMappedGid, isMappedUid } from './attributes.ts'
import { overlayOf } from './cover.ts'
import {
  mountOf,
  mountsBelow,
  isReadOnlyMount,
  nodeAt,
  realPath,
  type Planning,
} from './planning.ts'

/**
 * Copy-up below a directory with an owner that the user namespace does not map fails with EOVERFLOW, so the trees that
 * the user works in get overlays of their own, at the topmost directory whose whole chain down is mapped.
 */
export function addOwnTrees(planning: Planning): void {
  if (planning.host.mapsRanges && planning.host.hasAllIds) return
  for (const path of ownTrees(planning)) addOwnTree(planning, path)
  warnOfGroup(planning)
}

function ownTrees(planning: Planning): Set<string> {
  const { project, context, host } = planning
  const wanted = [project, context.cwd, ...(host.home ? [host.home] : []), ...host.ownDirs]
  return new Set(wanted.map((path) => realPath(planning, path)))
}

function addOwnTree(planning: Planning, path: string): void {
  const node = nodeAt(planning, path)
  const owner = planning.layout.owner(path)
  if (node?.type !== 'dir' || !node.writable || owner.path === path) return
  if (owner.kind !== 'overlay' || owner.lower === null || owner.readOnly) return
  const steps = chain(owner.path, path)
  const lastUnmapped = steps.findLastIndex((step) => !isMapped(planning, nodeAt(planning, step)))
  if (lastUnmapped < 0) return
  const top = steps[lastUnmapped + 1] ?? path
  const topNode = nodeAt(planning, top)
  if (
    !topNode?.readable ||
    mountsBelow(planning, top).length > 0 ||
    isReadOnlyMount(mountOf(planning, top))
  )
    return
  planning.layout.put(overlayOf(planning, top, topNode, false))
}

function isMapped({ host }: Planning, node: HostNode | undefined): boolean {
  return node !== undefined && isMappedUid(host, node.uid) && isMappedGid(host, node.gid)
}

function warnOfGroup(planning: Planning): void {
  const node = nodeAt(planning, planning.project)
  if (!node || isMapped(planning, node)) return
  planning.layout.degrees.push({
    kind: 'ownership',
    path: planning.project,
    message: `files below ${planning.project} that belong to ${node.uid}:${node.gid} cannot be changed inside (EOVERFLOW): only ${planning.host.uid}:${planning.host.gid} is mapped; list the directory in fs.copy`,
  })
}
