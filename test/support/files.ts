import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Every file below a directory, with its mode and content; without node_modules. */
export function listTree(directory: string): Record<string, string> {
  const entries = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => !/(?:^|\/)node_modules(?:\/|$)/.test(path))
    .toSorted()
  return Object.fromEntries(entries.map((path) => [path, describe(join(directory, path))]))
}

function describe(path: string): string {
  const stats = lstatSync(path)
  const mode = (stats.mode & 0o7777).toString(8)
  if (stats.isSymbolicLink()) return `link to ${readlinkSync(path)}`
  return stats.isFile() ? `${mode} ${readFileSync(path, 'utf8')}` : `${mode} directory`
}
