import { child, isBelow, isWithin, relativeTo } from '../paths/paths.ts'
import { ownAttributes } from './attributes.ts'
import { coverPath, type CoverOptions } from './cover.ts'
import { ensureExists } from './mount-points.ts'
import { nodeAt, realPath, type Planning } from './planning.ts'

const STICKY = 0o1777

/** Directories of every sandbox's own; sockets of the host's services live in them. */
const PRIVATE_DIRECTORIES: ReadonlyMap<string, number> = new Map([
  ['/tmp', STICKY],
  ['/var/tmp', STICKY],
  ['/run', 0o755],
  ['/dev/shm', STICKY],
])

/** Real paths of the private directories with their modes; one that must be visible itself is none. */
export function findPrivateDirectories(planning: Planning): Map<string, number> {
  const found = new Map<string, number>()
  for (const [path, mode] of PRIVATE_DIRECTORIES) {
    const real = realPath(planning, path)
    const isMade = path === '/tmp' || path === '/run' || path === '/dev/shm'
    if (!isMade && nodeAt(planning, real)?.type !== 'dir') continue
    if (planning.roots.includes(real)) reportShared(planning, real)
    else if (!found.has(real)) found.set(real, mode)
  }
  return found
}

function reportShared({ layout }: Planning, path: string): void {
  layout.degrees.push({
    kind: 'not-private',
    path,
    message: `${path} shows the host's files (copy-on-write), because the project is there`,
  })
}

/** Makes them, and shows in them what must be visible. */
export function addPrivateDirectories(
  planning: Planning,
  directories: ReadonlyMap<string, number>,
  cover: CoverOptions,
): void {
  for (const [path, mode] of directories) {
    planning.layout.putExplicit({ kind: 'tmpfs', path, attributes: ownAttributes(mode) })
    showRoots(planning, path, cover)
  }
  addRunLinks(planning, directories)
  addUserDirectories(planning, directories)
}

/** A root below a private directory appears with all of the entry of that directory that contains it. */
function showRoots(planning: Planning, directory: string, cover: CoverOptions): void {
  for (const root of planning.roots) {
    if (!isBelow(root, directory)) continue
    const entry = child(directory, relativeTo(directory, root).split('/', 1).join(''))
    if (!planning.layout.get(entry)) coverPath(planning, entry, cover)
  }
}

/** Links such as NixOS's /run/current-system are part of the system, not of what runs on it. */
function addRunLinks(planning: Planning, directories: ReadonlyMap<string, number>): void {
  const run = realPath(planning, '/run')
  if (!directories.has(run)) return
  for (const name of planning.host.files.list(run)) {
    const path = child(run, name)
    const node = nodeAt(planning, path)
    if (node?.type === 'symlink' && !planning.layout.get(path)) {
      planning.layout.put({ kind: 'symlink', path, target: node.target ?? '' })
    }
  }
}

/** TMPDIR, XDG_RUNTIME_DIR and the like exist, empty, where they lie in a private directory. */
function addUserDirectories(planning: Planning, directories: ReadonlyMap<string, number>): void {
  const { host } = planning
  for (const wanted of [
    ...host.ownDirs,
    ...(host.runtimeDir === undefined ? [] : [host.runtimeDir]),
  ]) {
    const path = realPath(planning, wanted)
    const isPrivate = [...directories.keys()].some((directory) => isWithin(path, directory))
    if (isPrivate && nodeAt(planning, path)?.type === 'dir') ensureExists(planning, path, 'dir')
  }
}
