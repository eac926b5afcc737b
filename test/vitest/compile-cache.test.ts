import {
  globSync,
  linkSync,
  mkdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cacheOf, succeed } from '../support/compile-cache.ts'
import { VitestProject } from '../support/vitest-project.ts'

/** Natively imported, required and imported from a package: none of them is a module that Vite transforms. */
const writesModules = `
  import { writeFileSync } from 'node:fs'
  import { randomUUID } from 'node:crypto'
  import { pathToFileURL } from 'node:url'
  import { expect, test } from 'vitest'
  import { load } from 'loader'
  const text = 'export const text = "MARKER of a module that a test wrote"'
  test('a module with a name of its own', async () => {
    const path = '/tmp/' + randomUUID() + '.mjs'
    writeFileSync(path, text)
    expect((await load(pathToFileURL(path).href)).text).toContain('MARKER')
  })
  test('a module with a query of its own', async () => {
    writeFileSync('/tmp/again.mjs', text)
    expect((await load(pathToFileURL('/tmp/again.mjs').href + '?t=' + randomUUID())).text).toContain('MARKER')
  })`

const requiresModules = `
  import { writeFileSync } from 'node:fs'
  import { createRequire } from 'node:module'
  import { randomUUID } from 'node:crypto'
  import { expect, test } from 'vitest'
  test('a required module', () => {
    const path = '/tmp/' + randomUUID() + '.cjs'
    writeFileSync(path, 'module.exports = "MARKER of a module that a test wrote"')
    expect(createRequire(import.meta.url)(path)).toContain('MARKER')
  })`

/** A runner that is busy ends its workers late. */
const busyReporter = `
  export default class {
    onInit() {
      setInterval(() => { for (const begin = Date.now(); Date.now() < begin + 30; ); }, 1).unref()
    }
  }`

test.for([
  { runner: 'a runner that answers at once', reporters: ['default'] },
  { runner: 'a busy one', reporters: ['default', './busy.js'] },
  { runner: 'a profiler', reporters: ['default'], execArgv: ['--cpu-prof', '--cpu-prof-dir=/tmp'] },
])(
  'modules that tests write and load by Node itself stay out of the compile cache, with $runner',
  async ({ reporters, execArgv = [] }) => {
    const project = new VitestProject({
      files: {
        'node_modules/loader/package.json':
          '{ "name": "loader", "type": "module", "main": "index.js" }',
        'node_modules/loader/index.js': 'export const load = (name) => import(name)',
        'busy.js': busyReporter,
        'imports.test.js': writesModules,
        'requires.test.js': requiresModules,
      },
      test: { maxWorkers: 1, reporters, execArgv },
    })
    await succeed(project)
    const first = cacheOf(project)
    await succeed(project)
    expect(cacheOf(project)).toEqual(first)
    const withText = cacheOf(project).filter((path) => readFileSync(path).includes('MARKER'))
    expect(withText).toEqual([])
  },
)

interface Filling {
  readonly count: number
  readonly sizeBytes: number
}

test.for([
  { above: 'the number', count: 9000, sizeBytes: 10 },
  { above: 'the size', count: 150, sizeBytes: 1024 * 1024 },
])('a cache above $above that is documented is pruned, the oldest first', async (filling) => {
  const project = new VitestProject({ files: { 'a.test.js': passes } })
  await succeed(project)
  const needed = cacheOf(project)
  const old = fill(project, filling)
  // At the same time: what one run has removed already is no failure of the other.
  await Promise.all([succeed(project), succeed(project)])
  const left = new Set(cacheOf(project))
  expect(needed.filter((path) => !left.has(path))).toEqual([])
  const oldLeft = old.filter((path) => left.has(path)).length
  expect(oldLeft * filling.sizeBytes).toBeLessThan(128 * 1024 * 1024)
  expect(left.size).toBeLessThanOrEqual(8192)
  expect(oldLeft).toBeGreaterThan(0)
})

/** Adds entries of years ago, as of another version of Node. */
function fill(project: VitestProject, { count, sizeBytes }: Filling): string[] {
  const [cache] = globSync('node_modules/.vite/**/netns/compile-cache', { cwd: project.directory })
  const directory = project.path(join(cache ?? '', 'v1.0.0-x64-0-0'))
  mkdirSync(directory)
  const first = join(directory, 'first')
  writeFileSync(first, '')
  truncateSync(first, sizeBytes)
  utimesSync(first, 1, 1)
  // Names of one file: thousands of files would take a busy disk a minute.
  const others = Array.from({ length: count - 1 }, (_, index) => join(directory, String(index)))
  for (const path of others) linkSync(first, path)
  return [first, ...others]
}

const passes = `
  import { expect, test } from 'vitest'
  test('passes', () => expect(1).toBe(1))`
