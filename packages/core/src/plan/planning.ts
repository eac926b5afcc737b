import { dirname } from 'node:path'
import type { HostFacts, HostNode, Mount } from '../host/types.ts'
import type { ResolvedOptions } from '../options/types.ts'
import { isBelow, isWithin } from '../paths/paths.ts'
import { resolveLinks } from '../paths/resolve-links.ts'
import { Layout } from './layout.ts'
import type { SandboxContext } from './types.ts'

/** What every stage of planning works with. */
export interface Planning {
  readonly options: ResolvedOptions
  readonly host: HostFacts
  readonly context: SandboxContext
  readonly layout: Layout
  /** Real paths that no private directory may hide. */
  readonly roots: readonly string[]
  /** Real path of the project. */
  readonly project: string
  /** fs.mode is `readonly`, or fs.readonly names the root directory. */
  readonly allReadOnly: boolean
}

export function startPlanning(
  options: ResolvedOptions,
  host: HostFacts,
  context: SandboxContext,
): Planning {
  const real = (path: string): string => resolveLinks(host.files, path)
  const threads = context.threadsPath === undefined ? [] : [dirname(context.threadsPath)]
  const wanted = [context.projectRoot, context.cwd, ...context.roots, ...threads].map(real)
  const roots = [...new Set(wanted)].filter((path) => host.files.node(path))
  return {
    options,
    host,
    context,
    layout: new Layout(),
    roots,
    project: real(context.projectRoot),
    allReadOnly: options.fs.mode === 'readonly' || options.fs.readonly.includes('/'),
  }
}

export function realPath({ host }: Planning, path: string): string {
  return resolveLinks(host.files, path)
}

export function nodeAt({ host }: Planning, path: string): HostNode | undefined {
  return host.files.node(path)
}

/** The mount that a host path lies on. */
export function mountOf({ host }: Planning, path: string): Mount | undefined {
  return host.mounts.findLast((mount) => isWithin(path, mount.mountPoint))
}

export function mountsBelow({ host }: Planning, path: string): Mount[] {
  return host.mounts.filter((mount) => isBelow(mount.mountPoint, path))
}

export function isReadOnlyMount(mount: Mount | undefined): boolean {
  return mount !== undefined && (mount.options.includes('ro') || mount.superOptions.includes('ro'))
}

/** fs.keep can take files from here. */
export function isKeepable({ options, project }: Planning, path: string): boolean {
  return options.fs.keep.length > 0 && isWithin(path, project)
}
