import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { root } from './paths.mjs'

/**
 * @typedef {import('rolldown').OutputOptions} OutputOptions
 * @typedef {{ folder: string, fileName: string, exports: string[] }} Output a file; the exports of an entry
 */

/** The oldest Node that the packages run with. */
const transform = { target: 'node20.19' }

/** What the exports of a package name, and what it finds beside itself. */
const importedOf = {
  core: ['index.ts', 'runner.ts', 'worker.ts', 'control.ts'],
  vitest: ['index.ts', 'plugin.ts', 'test.ts', 'entry.ts', 'per-test.ts'],
}

/** Jest requires all that it loads: of modules Node takes twice as long to do that. */
const requiredOf = {
  core: ['runner.ts', 'worker.ts'],
  jest: ['index.ts', 'runner.ts', 'preset.ts', 'settings.ts', 'isolate.cts'],
}

/** Dependencies that core brings along: of each it uses a small part, and to load them whole takes each process 4 ms more. */
const bundled = ['fastest-levenshtein', 'picomatch', 'valibot']

/** @param {string} id as an import names it */
const external = (id) => /^[^./]/.test(id) && !bundled.includes(id)

/**
 * Writes the JavaScript of the packages; the declarations are the compiler's. Every worker imports it, and each file costs
 * half a millisecond there: what is imported together is one file.
 */
export async function bundlePackages() {
  const written = await Promise.all([
    ...Object.entries(importedOf).map(([name, entries]) =>
      bundle(name, entries, { chunkFileNames: 'chunks/[name]-[hash].js' }),
    ),
    ...Object.entries(requiredOf).map(([name, entries]) =>
      bundle(name, entries, {
        format: 'cjs',
        exports: 'named',
        entryFileNames: '[name].cjs',
        chunkFileNames: 'chunks/[name]-[hash].cjs',
      }),
    ),
  ])
  const wrappers = written.flatMap((outputs) => outputs.filter(isImportedToo).map(writeWrapper))
  const current = new Set([...written.flatMap((outputs) => outputs.map(pathOf)), ...wrappers])
  for (const name of Object.keys({ ...importedOf, ...requiredOf }))
    removeOthers(distOf(name), current)
  writeFileSync(join(distOf('core'), 'THIRD-PARTY-LICENSES.md'), bundled.map(licenceOf).join('\n'))
}

/**
 * @param {string} name of a package
 * @param {string[]} entries
 * @param {OutputOptions} options
 * @returns {Promise<Output[]>}
 */
async function bundle(name, entries, options) {
  const input = entries.map((entry) => join(root, 'packages', name, 'src', entry))
  const build = await rolldown({ input, platform: 'node', external, transform })
  const { output } = await build.write({ dir: distOf(name), ...options })
  await build.close()
  return output.map((chunk) => ({
    folder: distOf(name),
    fileName: chunk.fileName,
    exports: chunk.type === 'chunk' && chunk.isEntry ? chunk.exports : [],
  }))
}

/** @param {Output} output */
function pathOf({ folder, fileName }) {
  return join(folder, fileName)
}

/**
 * What users import of the environment's package: its default is what it says, and not all of the CommonJS module.
 *
 * @param {Output} output
 */
function isImportedToo({ folder, exports, fileName }) {
  return folder === distOf('jest') && fileName.endsWith('.cjs') && exports.includes('default')
}

/**
 * @param {Output} output
 * @returns {string} path of an ECMAScript module with the same exports
 */
function writeWrapper({ folder, fileName, exports }) {
  const path = join(folder, fileName.replace(/\.cjs$/, '.js'))
  const lines = exports.map((name) =>
    name === 'default' ? 'export default module.default' : `export const ${name} = module.${name}`,
  )
  writeFileSync(path, [`import module from './${fileName}'`, ...lines, ''].join('\n'))
  return path
}

/**
 * Their licences ask for that.
 *
 * @param {string} name of a dependency
 */
function licenceOf(name) {
  const { resolve } = createRequire(join(root, 'packages/core/package.json'))
  const [folder = ''] = resolve(name).match(`^.*/node_modules/${name}/`) ?? []
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  if (!file) throw new Error(`${name} has no licence file`)
  return `# ${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
}

/** @param {string} name */
function distOf(name) {
  return join(root, 'packages', name, 'dist')
}

/** @param {string} declaration */
function sourceOf(declaration) {
  return declaration.replace('/dist/', '/src/').replace(/\.d\.(c?)ts$/, '.$1ts')
}

/**
 * Of an earlier build: a name has the hash of its content, and a source may be gone.
 *
 * @param {string} folder
 * @param {ReadonlySet<string>} current
 */
function removeOthers(folder, current) {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const paths = entries.map((entry) => join(folder, entry))
  for (const path of paths) {
    const isOld = path.includes('.d.')
      ? !existsSync(sourceOf(path))
      : /\.c?js(\.map)?$/.test(path) && !current.has(path)
    if (isOld) rmSync(path)
  }
}
