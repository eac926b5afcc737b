import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/lib/paths.mjs'

/**
 * Puts this repository's packages into a folder as npm would. As links to the repository they would be the user's own code to
 * a runner, and be transformed.
 *
 * @param {string} folder
 */
export function installPackages(folder) {
  const packages = join(root, 'packages')
  for (const name of readdirSync(packages)) {
    const from = join(packages, name)
    const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'))
    const to = join(folder, 'node_modules', manifest.name)
    for (const part of ['package.json', ...manifest.files.filter(isPath)])
      cpSync(join(from, part), join(to, part), { recursive: true })
  }
}

/** @param {string} pattern */
function isPath(pattern) {
  return !pattern.startsWith('!')
}
