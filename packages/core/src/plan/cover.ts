import type { HostNode } from '../host/types.ts'
import { child, isWithin, parentOf, relativeTo } from '../paths/paths.ts'
import { standInAttributes } from './attributes.ts'
import type { CopyEntry, OverlayPlace, UpperEntry } from './layout.ts'
import {
  isKeepable,
  isReadOnlyMount,
  mountOf,
  mountsBelow,
  nodeAt,
  type Planning,
} from './planning.ts'

/** Larger files are bound read-only instead of copied. */
const MAX_COPY_BYTES = 1024 * 1024

/**
 * File systems whose names need their own comparison or that mount on access: overlayfs refuses them as lowerdir
 * (ovl_dentry_weird() in fs/overlayfs/util.c).
 */
const UNSUPPORTED_LOWERS = new Set([
  'vfat',
  'msdos',
  'exfat',
  'ntfs',
  'hfs',
  'hfsplus',
  'autofs',
  'proc',
])

export interface CoverOptions {
  readonly readOnly: boolean
  /** Paths that are planned elsewhere: private directories. */
  readonly skip: ReadonlySet<string>
}

/** Shows a host path inside, so that nothing written there reaches the host. */
export function coverPath(planning: Planning, path: string, options: CoverOptions): void {
  const node = nodeAt(planning, path)
  if (!node || options.skip.has(path)) return
  if (node.type === 'dir') coverDirectory(planning, path, node, options)
  else if (node.type === 'symlink')
    addEntry(planning, path, { kind: 'symlink', target: node.target ?? '' })
  else coverFile(planning, path, node)
}

function coverDirectory(
  planning: Planning,
  path: string,
  node: HostNode,
  options: CoverOptions,
): void {
  const reason = bindReason(planning, path)
  const below = mountsBelow(planning, path)
  if (!node.readable || (reason && below.every(isReadOnlyMount)))
    bindReadOnly(planning, path, node, reason)
  else if (below.length > 0 || reason) descend(planning, path, node, options)
  else if (isEmptyElsewhere(planning, path))
    planning.layout.put({ kind: 'dir', path, attributes: standInAttributes(planning.host, node) })
  else planning.layout.put(overlayOf(planning, path, node, options.readOnly))
}

/** Why a directory cannot be the lower directory of an overlay. */
function bindReason(planning: Planning, path: string): string | undefined {
  const mount = mountOf(planning, path)
  if (isReadOnlyMount(mount)) return 'read-only'
  return mount && UNSUPPORTED_LOWERS.has(mount.fsType) ? mount.fsType : undefined
}

function bindReadOnly(
  { layout }: Planning,
  path: string,
  node: HostNode,
  reason: string | undefined,
): void {
  layout.put({
    kind: 'bind',
    path,
    source: path,
    flags: node.readable ? 'ro,rec' : 'ro,rec,optional',
  })
  if (reason === undefined || reason === 'read-only') return
  layout.degrees.push({
    kind: 'read-only',
    path,
    message: `${path} is read-only inside: ${reason} cannot be copy-on-write`,
  })
}

/** An overlay costs a hundred microseconds, a directory two: where there is nothing to see none is made. */
function isEmptyElsewhere({ host, roots }: Planning, path: string): boolean {
  return host.files.list(path).length === 0 && !roots.some((root) => isWithin(root, path))
}

/** A copy-on-write place over a host directory without mounts below it. */
export function overlayOf(
  planning: Planning,
  path: string,
  node: HostNode,
  readOnly: boolean,
): OverlayPlace {
  return {
    kind: 'overlay',
    path,
    id: planning.layout.nextId(),
    lower: path,
    attributes: standInAttributes(planning.host, node),
    readOnly,
    optional: !planning.roots.some((root) => isWithin(root, path)),
    upper: new Map(),
  }
}

/**
 * Mounts copied into a user namespace are locked, and an overlay over a directory with one below it fails (EINVAL):
 * such a directory is made anew and its entries are handled one by one.
 */
function descend(planning: Planning, path: string, node: HostNode, options: CoverOptions): void {
  const attributes = standInAttributes(planning.host, node)
  if (isKeepable(planning, path) && !options.readOnly)
    planning.layout.put(emptyOverlay(planning, path, attributes))
  else planning.layout.put({ kind: 'dir', path, attributes })
  // Made anew in a private directory, it lies on that one's mount, which is writable.
  const above = planning.layout.owner(parentOf(path))
  if (options.readOnly && above.kind === 'tmpfs') planning.layout.readOnlyPaths.add(path)
  reportMountPoints(planning, path)
  for (const name of planning.host.files.list(path)) coverPath(planning, child(path, name), options)
}

/** In the project a test would wonder: in other directories hardly anybody removes what is there. */
function reportMountPoints(planning: Planning, path: string): void {
  const [mount] = mountsBelow(planning, path)
  if (!mount || !isWithin(path, planning.project)) return
  planning.layout.degrees.push({
    kind: 'mount-points',
    path,
    message: `directories in ${path} cannot be removed or renamed inside (EBUSY), because ${mount.mountPoint} is a mount`,
  })
}

/** A fresh directory whose new files fs.keep can list. */
export function emptyOverlay(
  planning: Planning,
  path: string,
  attributes: OverlayPlace['attributes'],
): OverlayPlace {
  return {
    kind: 'overlay',
    path,
    id: planning.layout.nextId(),
    lower: null,
    attributes,
    readOnly: false,
    optional: false,
    upper: new Map(),
  }
}

function coverFile(planning: Planning, path: string, node: HostNode): void {
  const { layout } = planning
  const readOnly = isReadOnlyMount(mountOf(planning, path))
  if (node.type === 'socket') {
    layout.degrees.push({
      kind: 'missing',
      path,
      message: `${path} is a socket of the host and left out; fs.bind shows it`,
    })
  } else if (
    node.type === 'file' &&
    node.readable &&
    node.sizeBytes <= MAX_COPY_BYTES &&
    !readOnly
  ) {
    addEntry(planning, path, {
      kind: 'copy',
      source: path,
      maxBytes: MAX_COPY_BYTES,
      noWrite: !node.writable,
    })
  } else {
    layout.put({ kind: 'bind', path, source: path, flags: 'ro,optional,file' })
    if (node.writable && !readOnly)
      layout.degrees.push({
        kind: 'read-only',
        path,
        message: `${path} is read-only inside: a mount lies beside it, and it is too large to copy`,
      })
  }
}

/** An entry of a directory that was made anew: in the upper directory where it is an overlay. */
function addEntry(
  { layout }: Planning,
  path: string,
  entry: CopyEntry | Extract<UpperEntry, { kind: 'symlink' }>,
): void {
  const owner = layout.owner(path)
  if (owner.kind === 'overlay') owner.upper.set(relativeTo(owner.path, path), entry)
  else layout.put({ path, ...entry })
}
