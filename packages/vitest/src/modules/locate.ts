import { statSync, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the sandbox that an import names. */
export interface Located {
  readonly file: string
  /** Query and hash, as in the import. */
  readonly postfix: string
  readonly stats: Stats
}

/** In the order of Vite's `resolve.extensions`. */
const extensions = ['.mjs', '.js', '.mts', '.ts', '.jsx', '.tsx', '.json']
const typescriptOf = new Map([
  ['.js', ['.ts', '.tsx']],
  ['.jsx', ['.tsx']],
  ['.mjs', ['.mts']],
  ['.cjs', ['.cts']],
])

/** The query that Vitest adds for `vi.importActual`. */
const original = /([?&])_vitest_original(?:&|$)/

/**
 * Finds the file that an import names, inside, by Vite's rules for paths. `null` for names that are not
 * paths (packages, virtual modules, aliases) and for files that are missing.
 */
export function locate(id: string, importer: string | undefined, root: string): Located | null {
  const [path, postfix] = splitPostfix(withoutOriginal(id))
  for (const candidate of candidates(path, importer, root)) {
    const found = findFile(candidate)
    if (found) return { ...found, postfix }
  }
  return null
}

export function withoutOriginal(id: string): string {
  return id.includes('_vitest_original') ? id.replace(original, '$1').replace(/[?&]$/, '') : id
}

export function splitPostfix(id: string): [path: string, postfix: string] {
  const start = id.search(/[?#]/)
  return start === -1 ? [id, ''] : [id.slice(0, start), id.slice(start)]
}

function candidates(path: string, importer: string | undefined, root: string): string[] {
  if (path.startsWith('file://')) return [fileURLToPath(path)]
  if (path.startsWith('/@fs/')) return [path.slice('/@fs'.length)]
  if (path.startsWith('/@')) return []
  if (path.startsWith('/')) return path.startsWith(`${root}/`) ? [path] : [join(root, path), path]
  if (!/^\.\.?(?:\/|$)/.test(path)) return []
  return [join(importer === undefined ? root : dirname(splitPostfix(importer)[0]), path)]
}

function findFile(path: string): { file: string; stats: Stats } | null {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats?.isFile()) return { file: path, stats }
  return (
    firstFile(typescriptNames(path)) ??
    firstFile(extensions.map((extension) => path + extension)) ??
    (stats?.isDirectory()
      ? firstFile(extensions.map((extension) => join(path, `index${extension}`)))
      : null)
  )
}

function typescriptNames(path: string): string[] {
  const extension = /\.[cm]?jsx?$/.exec(path)?.[0]
  const names = extension === undefined ? [] : (typescriptOf.get(extension) ?? [])
  return names.map((name) => path.slice(0, -(extension?.length ?? 0)) + name)
}

function firstFile(paths: readonly string[]): { file: string; stats: Stats } | null {
  for (const file of paths) {
    const stats = statSync(file, { throwIfNoEntry: false })
    if (stats?.isFile()) return { file, stats }
  }
  return null
}
