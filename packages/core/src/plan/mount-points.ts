import { chain, relativeTo } from '../paths/paths.ts'
import { ownAttributes, standInAttributes, type Attributes } from './attributes.ts'
import type { OverlayPlace, Place } from './layout.ts'
import { nodeAt, type Planning } from './planning.ts'

/**
 * Makes sure that a path exists inside without touching the host: in the upper directory of the overlay that it
 * lies in, before that is mounted, for a copy-up of parents may be refused later (EOVERFLOW).
 *
 * @returns false where nothing can be made, on a read-only file system
 */
export function ensureExists(planning: Planning, path: string, type: 'dir' | 'file'): boolean {
  const owner = planning.layout.owner(path)
  if (owner.path === path || isVisible(planning, owner, path)) return true
  if (owner.kind === 'overlay') extendUpper(planning, owner, path, type)
  else if (owner.kind === 'dir' || (owner.kind === 'tmpfs' && owner.content === undefined))
    extendTree(planning, owner, path, type)
  else return owner.kind === 'pseudo' // PID 1 makes what is missing in /dev
  return true
}

/** The host's entry shows through the place that owns the path. */
function isVisible(planning: Planning, owner: Place, path: string): boolean {
  const shows =
    (owner.kind === 'overlay' && owner.lower !== null) ||
    owner.kind === 'bind' ||
    owner.kind === 'tmpfs'
  if (!shows || (owner.kind === 'tmpfs' && owner.content === undefined)) return false
  return nodeAt(planning, path) !== undefined
}

function extendUpper(
  planning: Planning,
  owner: OverlayPlace,
  path: string,
  type: 'dir' | 'file',
): void {
  addUpperParents(planning, owner, path)
  const relative = relativeTo(owner.path, path)
  if (owner.upper.get(relative)?.kind === type) return
  const attributes = missingAttributes(planning, path, type)
  owner.upper.set(
    relative,
    type === 'dir' ? { kind: 'dir', attributes } : { kind: 'file', attributes, content: '' },
  )
}

/** The directories above a path in an upper directory, looking like those of the host that they merge with. */
export function addUpperParents(planning: Planning, owner: OverlayPlace, path: string): void {
  for (const parent of chain(owner.path, path).slice(0, -1)) {
    const relative = relativeTo(owner.path, parent)
    if (owner.upper.get(relative)?.kind === 'dir') continue
    owner.upper.set(relative, {
      kind: 'dir',
      attributes: missingAttributes(planning, parent, 'dir'),
    })
  }
}

function extendTree(planning: Planning, owner: Place, path: string, type: 'dir' | 'file'): void {
  for (const parent of chain(owner.path, path).slice(0, -1))
    planning.layout.put({
      kind: 'dir',
      path: parent,
      attributes: missingAttributes(planning, parent, 'dir'),
    })
  const attributes = missingAttributes(planning, path, type)
  planning.layout.put(
    type === 'dir'
      ? { kind: 'dir', path, attributes }
      : { kind: 'file', path, attributes, content: '' },
  )
}

function missingAttributes(planning: Planning, path: string, type: 'dir' | 'file'): Attributes {
  const node = nodeAt(planning, path)
  return node?.type === type
    ? standInAttributes(planning.host, node)
    : ownAttributes(type === 'dir' ? 0o755 : 0o644)
}
