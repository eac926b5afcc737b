import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { BusyMount } from '../control/socket.ts'

/** A file that is open for writing, and by whom. */
export interface OpenFile {
  readonly path: string
  readonly pid: number
}

/** Access mode in the flags of fdinfo(5): O_WRONLY or O_RDWR. */
const WRITES = 0o3

/** The open files that kept mounts from being frozen. Those of processes that end meanwhile are left out. */
export function findOpenFiles(mounts: readonly BusyMount[]): OpenFile[] {
  const ids: ReadonlySet<number> = new Set(mounts.map(({ mountId }) => mountId))
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) =>
    descriptorsOf(pid)
      .filter((fd) => isWriterOn(ids, `/proc/${pid}/fdinfo/${fd}`))
      .flatMap((fd) => pathOf(`/proc/${pid}/fd/${fd}`))
      .map((path) => ({ path, pid: Number(pid) })),
  )
}

/** Says once of each file that it writes to the state before; a database's are open at every isolate(). */
export function warnOfOpenFiles(told: Set<string>, files: readonly OpenFile[]): void {
  const fresh = files.filter((file) => !told.has(describe(file)))
  for (const file of fresh) told.add(describe(file))
  if (fresh.length === 0) return
  process.emitWarning(
    `files that are open for writing go on writing to the state before isolate(): ${describeOpenFiles(fresh)}`,
    { code: 'NETNS_OPEN_FILES', type: 'NetnsWarning' },
  )
}

export function describeOpenFiles(files: readonly OpenFile[]): string {
  return [...new Set(files.map(describe))].join(', ')
}

function describe({ path, pid }: OpenFile): string {
  return pid === process.pid ? path : `${path} (process ${pid})`
}

function descriptorsOf(pid: string): string[] {
  return attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []
}

function isWriterOn(mounts: ReadonlySet<number>, infoPath: string): boolean {
  const info = attempt(() => readFileSync(infoPath, 'latin1'))
  const flags = /^flags:\s*(\d+)/m.exec(info ?? '')?.[1]
  const mountId = /^mnt_id:\s*(\d+)/m.exec(info ?? '')?.[1]
  if (flags === undefined || mountId === undefined) return false
  return (Number.parseInt(flags, 8) & WRITES) !== 0 && mounts.has(Number(mountId))
}

/** The root before is parked here, beside the one that we are in (native/src/roots.c). */
const PARKED = /^\/r\/\d+(?=\/)/

function pathOf(link: string): string[] {
  const path = attempt(() => readlinkSync(link))
  return path === undefined ? [] : [path.replace(PARKED, '')]
}

function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
