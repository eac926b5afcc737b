import { randomUUID } from 'node:crypto'
import { mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { NetnsError } from '../errors/netns-error.ts'

export interface HandedFile {
  /** Absolute. */
  readonly path: string
  readonly content: Uint8Array | string
}

/** Writes snapshots that workers hand over to the host, below the given directories only. */
export class ProjectWriter {
  readonly #roots: readonly string[]

  constructor(roots: readonly string[]) {
    this.#roots = roots
  }

  /** Atomic where the directory allows it: beside, then rename. Keeps the mode. */
  async save({ path, content }: HandedFile): Promise<void> {
    const target = await this.#permit(path)
    await mkdir(dirname(target), { recursive: true })
    const mode = (await stat(target).catch(() => null))?.mode
    const beside = join(dirname(target), `.${basename(target)}.${randomUUID()}`)
    try {
      await writeFile(beside, content, mode === undefined ? {} : { mode })
      await rename(beside, target)
    } catch (error) {
      await rm(beside, { force: true })
      if (!isDenied(error)) throw error
      // The file may be writable although its directory is not.
      await writeFile(target, content)
    }
  }

  async remove(path: string): Promise<void> {
    await rm(await this.#permit(path), { force: true })
  }

  async prepareDirectory(path: string): Promise<void> {
    await mkdir(await this.#permit(path), { recursive: true })
  }

  /** The path that is written: symbolic links are followed, as the test runners follow them. */
  async #permit(path: string): Promise<string> {
    const target = await resolveExisting(path)
    const roots = await Promise.all(this.#roots.map((root) => resolveExisting(root)))
    if (roots.some((root) => target === root || target.startsWith(root + sep))) return target
    throw new NetnsError('NETNS_SNAPSHOT_REFUSED', {
      detail: target,
      path: target,
      hint: `Keep snapshots below ${this.#roots.join(' or ')}.`,
    })
  }
}

/** Resolves symbolic links in the part of the path that exists. */
async function resolveExisting(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(await resolveExisting(parent), basename(path))
  }
}

function isDenied(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EACCES' || code === 'EPERM'
}
