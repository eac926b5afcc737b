import {
  child,
  isBelow,
  isWithin,
  nameOf,
  normalize,
  parentOf,
  relativeTo,
} from '../paths/paths.ts'
import { ownAttributes, standInAttributes, type Attributes } from './attributes.ts'
import { coverPath, emptyOverlay, overlayOf, type CoverOptions } from './cover.ts'
import { addUpperParents, ensureExists } from './mount-points.ts'
import { isKeepable, mountsBelow, nodeAt, realPath, type Planning } from './planning.ts'

type PathOption = 'readonly' | 'writable' | 'hide' | 'private' | 'copy' | 'bind'

const PSEUDO = ['/proc', '/sys', '/dev']

/** An option's path as an absolute one; a problem where that cannot be. */
function expand(planning: Planning, option: PathOption, written: string): string | undefined {
  const { home } = planning.host
  if (written !== '~' && !written.startsWith('~/')) {
    return normalize(
      written.startsWith('/') ? written : child(planning.context.projectRoot, written),
    )
  }
  if (home !== undefined) return normalize(child(home, written.slice(2)))
  return problem(planning, option, written, 'there is no home directory')
}

function problem(
  { layout }: Planning,
  option: PathOption,
  written: string,
  what: string,
): undefined {
  layout.problems.push(`fs.${option}: ${JSON.stringify(written)}: ${what}`)
}

/** The directory's real path, unless it is one that no sandbox can do without. */
function ownDirectory(planning: Planning, option: PathOption, written: string): string | undefined {
  const expanded = expand(planning, option, written)
  if (expanded === undefined) return undefined
  const path = realPath(planning, expanded)
  const node = nodeAt(planning, path)
  if (path === '/')
    return problem(planning, option, written, 'the root directory cannot be replaced')
  if (node && node.type !== 'dir') return problem(planning, option, written, 'is no directory')
  if (PSEUDO.some((directory) => isWithin(path, directory)) && !isWithin(path, '/dev/shm')) {
    return problem(planning, option, written, 'lies in a pseudo file system')
  }
  return path
}

function eachDirectory(
  planning: Planning,
  option: 'writable' | 'copy' | 'private',
  use: (path: string, written: string) => void,
): void {
  for (const written of planning.options.fs[option]) {
    const path = ownDirectory(planning, option, written)
    if (path !== undefined) use(path, written)
  }
}

/** fs.writable: copy-on-write whatever is above. */
export function addWritable(planning: Planning, cover: CoverOptions): void {
  eachDirectory(planning, 'writable', (path, written) => {
    const isPrivate = planning.layout.owner(path).kind === 'tmpfs'
    if (!ensureExists(planning, path, 'dir'))
      problem(planning, 'writable', written, 'cannot be made on a read-only file system')
    else if (!isPrivate) coverWritable(planning, path, { ...cover, readOnly: false })
  })
}

function coverWritable(planning: Planning, path: string, cover: CoverOptions): void {
  const { layout } = planning
  const node = nodeAt(planning, path)
  layout.removeCover(path)
  if (!node) layout.put(emptyOverlay(planning, path, ownAttributes(0o755)))
  else if (mountsBelow(planning, path).length === 0)
    layout.put({ ...overlayOf(planning, path, node, false), optional: false })
  else coverPath(planning, path, cover)
  layout.putExplicit(layout.owner(path))
}

/** fs.copy: in memory, so no rename meets the border between two layers. */
export function addCopies(planning: Planning): void {
  eachDirectory(planning, 'copy', (path) => {
    const node = nodeAt(planning, path)
    if (!node || !ensureExists(planning, path, 'dir')) return
    planning.layout.removeBelow(path)
    const attributes = standInAttributes(planning.host, node)
    if (!isKeepable(planning, path))
      return planning.layout.putExplicit({ kind: 'tmpfs', path, attributes, content: path })
    const overlay = emptyOverlay(planning, path, attributes)
    overlay.upper.set('', { kind: 'copy', source: path, maxBytes: null, noWrite: false })
    return planning.layout.putExplicit(overlay)
  })
}

/** fs.private: fresh and empty; only what must be visible shows through. */
export function addPrivate(planning: Planning, cover: CoverOptions): void {
  eachDirectory(planning, 'private', (path, written) => {
    if (planning.roots.includes(path))
      return problem(planning, 'private', written, 'the run itself needs what is there')
    if (!ensureExists(planning, path, 'dir'))
      return problem(planning, 'private', written, 'cannot be made on a read-only file system')
    planning.layout.removeBelow(path)
    const attributes = freshAttributes(planning, path)
    const place = isKeepable(planning, path)
      ? emptyOverlay(planning, path, attributes)
      : ({ kind: 'tmpfs', path, attributes } as const)
    planning.layout.putExplicit(place)
    return showRoots(planning, path, cover)
  })
}

/** The user may write to it, even where the host's directory belongs to somebody else. */
function freshAttributes(planning: Planning, path: string): Attributes {
  const node = nodeAt(planning, path)
  if (!node) return ownAttributes(0o755)
  const attributes = standInAttributes(planning.host, node)
  return attributes.uid === '-'
    ? { ...attributes, mode: (node.mode | 0o700).toString(8) }
    : attributes
}

function showRoots(planning: Planning, path: string, cover: CoverOptions): void {
  const below = planning.roots.filter((root) => isBelow(root, path))
  for (const root of below.filter((one) => !below.some((other) => isBelow(one, other)))) {
    const directory = nodeAt(planning, root)?.type === 'dir' ? root : parentOf(root)
    if (directory === path)
      planning.layout.put({ kind: 'bind', path: root, source: root, flags: 'ro,file' })
    else if (ensureExists(planning, directory, 'dir')) coverPath(planning, directory, cover)
  }
}

/** fs.bind: written through. */
export function addBinds(planning: Planning): void {
  for (const [writtenInside, writtenOutside] of Object.entries(planning.options.fs.bind)) {
    const inside = expand(planning, 'bind', writtenInside)
    const outside = expand(planning, 'bind', writtenOutside)
    if (inside !== undefined && outside !== undefined)
      addBind(planning, inside, outside, writtenInside)
  }
}

function addBind(planning: Planning, insideLink: string, outside: string, written: string): void {
  const inside = realPath(planning, insideLink)
  const source = nodeAt(planning, realPath(planning, outside))
  const dest = nodeAt(planning, inside)
  const isFile = source?.type !== 'dir'
  if (!source)
    return problem(planning, 'bind', written, `${outside} does not exist on this machine`)
  if (inside === '/')
    return problem(planning, 'bind', written, 'the root directory cannot be replaced')
  if (dest && (dest.type !== 'dir') !== isFile)
    return problem(
      planning,
      'bind',
      written,
      `a ${isFile ? 'file' : 'directory'} cannot be bound over a ${isFile ? 'directory' : 'file'}`,
    )
  if (!ensureExists(planning, inside, isFile ? 'file' : 'dir'))
    return problem(planning, 'bind', written, 'cannot be made on a read-only file system')
  planning.layout.removeBelow(inside)
  return planning.layout.putExplicit({
    kind: 'bind',
    path: inside,
    source: outside,
    flags: isFile ? 'rec,file' : 'rec',
  })
}

/** fs.hide: the name does not exist inside. */
export function addHidden(planning: Planning): void {
  for (const written of planning.options.fs.hide) {
    const expanded = expand(planning, 'hide', written)
    if (expanded === undefined) continue
    if (expanded === '/') problem(planning, 'hide', written, 'the root directory cannot be hidden')
    else hide(planning, child(realPath(planning, parentOf(expanded)), nameOf(expanded)), written)
  }
}

function hide(planning: Planning, path: string, written: string): void {
  const { layout } = planning
  if (planning.roots.some((root) => isWithin(root, path)))
    return problem(planning, 'hide', written, 'the run itself needs what is there')
  if (PSEUDO.includes(path))
    return problem(planning, 'hide', written, 'no sandbox can do without it')
  layout.remove(path)
  const owner = layout.owner(path)
  if (owner.kind === 'overlay') return hideInOverlay(planning, owner, path)
  const shows =
    owner.kind === 'bind' ||
    owner.kind === 'pseudo' ||
    (owner.kind === 'tmpfs' && owner.content !== undefined)
  if (shows && nodeAt(planning, path)) layout.put({ kind: 'mask', path })
}

function hideInOverlay(
  planning: Planning,
  owner: ReturnType<typeof overlayOf>,
  path: string,
): void {
  const relative = relativeTo(owner.path, path)
  for (const name of owner.upper.keys())
    if (isWithin(`/${name}`, `/${relative}`)) owner.upper.delete(name)
  const isCopied = owner.upper.get('')?.kind === 'copy'
  if (isCopied && nodeAt(planning, path)) return planning.layout.put({ kind: 'mask', path })
  if (owner.lower === null || !nodeAt(planning, path)) return undefined
  addUpperParents(planning, owner, path)
  owner.upper.set(relative, { kind: 'whiteout' })
}

/** fs.readonly: EROFS there and below, but for what was named by its own path. */
export function addReadOnly(planning: Planning): void {
  for (const written of planning.options.fs.readonly) {
    const expanded = expand(planning, 'readonly', written)
    if (expanded === undefined) continue
    const path = realPath(planning, expanded)
    if (path === '/') continue // planned as fs.mode: 'readonly'
    if (isVisibleInside(planning, path)) planning.layout.readOnlyPaths.add(path)
    else
      planning.layout.degrees.push({
        kind: 'missing',
        path,
        message: `fs.readonly: ${path} does not exist inside`,
      })
  }
}

function isVisibleInside({ layout, host }: Planning, path: string): boolean {
  const owner = layout.owner(path)
  if (owner.path === path) return true
  return (
    host.files.node(path) !== undefined &&
    (owner.kind === 'bind' ||
      owner.kind === 'pseudo' ||
      (owner.kind === 'overlay' && owner.lower !== null))
  )
}
