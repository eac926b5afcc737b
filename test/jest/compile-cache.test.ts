import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { JestProject, type JestSetup } from '../support/jest-project.ts'

/** Node 20 has none. */
const node = process.env['NETNS_TEST_NODE'] ?? process.execPath
const isThere = 'process.stdout.write(typeof require("node:module").enableCompileCache)'
const hasCache = execFileSync(node, ['-e', isThere], { encoding: 'utf8' }) === 'function'

const content = `
  const { writeFileSync } = require('node:fs')
  const { execFileSync } = require('node:child_process')
  test('sees no variable, nor does a child', () => {
    expect(process.env).not.toHaveProperty('NODE_COMPILE_CACHE')
    expect(execFileSync('env', { encoding: 'utf8' })).not.toContain('COMPILE_CACHE')
  })
  test('a module with a text of its own', () => {
    writeFileSync('/tmp/written.js', 'module.exports = "MARKER of a module that a test wrote"')
    expect(require('/tmp/written.js')).toContain('MARKER')
  })`

function projectWith(setup: JestSetup = {}): JestProject {
  return new JestProject({
    ...setup,
    files: { 'a.test.js': content, 'b.test.js': content },
    config: { cacheDirectory: '<rootDir>/cache', maxWorkers: 2, ...setup.config },
  })
}

async function run(
  project: JestProject,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { output, exitCode } = await project.run(args, env)
  expect(exitCode, output).toBe(0)
}

function entriesOf(project: JestProject, directory = 'cache/netns-compile-cache'): string[] {
  return globSync(`${directory}/*/*`, { cwd: project.directory }).toSorted()
}

test('workers share what they compiled, and nothing of it is what a test wrote', async () => {
  const project = projectWith()
  await run(project)
  expect(entriesOf(project).length > 0).toBe(hasCache)
  const whole = await entriesWhenComplete(project)
  expect(whole.length > 0).toBe(hasCache)
  const texts = whole.map((path) => readFileSync(project.path(path), 'latin1'))
  expect(texts.filter((text) => text.includes('MARKER'))).toEqual([])
})

/** Jest gives a worker half a second to end, in which a busy machine may not write everything. One that grew for ever would be a time-out. */
async function entriesWhenComplete(project: JestProject): Promise<string[]> {
  const before = entriesOf(project)
  await run(project)
  const entries = entriesOf(project)
  return entries.length === before.length ? entries : entriesWhenComplete(project)
}

test('with isolation: process, too', async () => {
  const project = projectWith({ netns: { isolation: 'process' } })
  await run(project)
  expect(entriesOf(project).length > 0).toBe(hasCache)
})

test.for([
  { where: 'Jest is to have no cache', args: ['--no-cache'], env: {} },
  { where: 'Node counts coverage', args: ['--coverage', '--coverageProvider', 'v8'], env: {} },
  { where: 'the user says so', args: [], env: { NODE_DISABLE_COMPILE_CACHE: '1' } },
])('there is none where $where', async ({ args, env }) => {
  const project = projectWith()
  // The variable of the last case passes to tests, as Jest passes it.
  project.write('a.test.js', 'test("passes", () => {})')
  project.write('b.test.js', 'test("passes", () => {})')
  await run(project, args, env)
  expect(existsSync(project.path('cache/netns-compile-cache'))).toBe(false)
})

test("the user's own is used instead", async () => {
  const project = projectWith()
  project.write('a.test.js', 'test("passes", () => {})')
  project.write('b.test.js', 'test("passes", () => {})')
  const own = project.path('own')
  await run(project, [], { NODE_COMPILE_CACHE: own })
  expect(entriesOf(project)).toEqual([])
  expect(entriesOf(project, 'own').length > 0).toBe(hasCache)
})

/** Jest's own process keeps it in the temporary directory. */
const uid = process.geteuid?.()
const ofJest = `tmp/netns-compile-cache-${uid}`

function projectWithTemporary(): { project: JestProject; env: Record<string, string> } {
  const project = projectWith()
  project.write('a.test.js', 'test("passes", () => {})')
  project.write('b.test.js', 'test("passes", () => {})')
  mkdirSync(project.path('tmp'))
  return { project, env: { TMPDIR: project.path('tmp') } }
}

test("Jest's own process has one, which no test writes to", async () => {
  const { project, env } = projectWithTemporary()
  project.write(
    'a.test.js',
    `
    test('writes', () => {
      const directory = '${project.path(ofJest)}'
      require('node:fs').mkdirSync(directory, { recursive: true })
      require('node:fs').writeFileSync(directory + '/written', '')
    })`,
  )
  await run(project, [], env)
  await run(project, [], env)
  expect(entriesOf(project, ofJest).length > 0).toBe(hasCache)
  expect(existsSync(project.path(ofJest))).toBe(hasCache)
  expect(existsSync(project.path(`${ofJest}/written`))).toBe(false)
  if (hasCache) expect(statSync(project.path(ofJest)).mode & 0o777).toBe(0o700)
})

const others: Record<string, (path: string) => void> = {
  'writable by all': (path) => {
    mkdirSync(path)
    chmodSync(path, 0o777)
  },
  'in one that others can move it out of': (path) => {
    chmodSync(dirname(path), 0o777)
  },
  'a link': (path) => {
    mkdirSync(`${path}-elsewhere`)
    symlinkSync(`${path}-elsewhere`, path)
  },
  ...(uid === 0 && {
    "another user's": (path: string) => {
      mkdirSync(path)
      chownSync(path, 12_345, 12_345)
    },
  }),
}

test.for(Object.entries(others))('it has none where the directory is %s', async ([, prepare]) => {
  const { project, env } = projectWithTemporary()
  prepare(project.path(ofJest))
  await run(project, [], env)
  expect(globSync('tmp/netns-compile-cache*/*', { cwd: project.directory })).toEqual([])
})

test.for(['NODE_DISABLE_COMPILE_CACHE', 'NODE_V8_COVERAGE', 'NODE_COMPILE_CACHE'])(
  'it has none with %s',
  async (name) => {
    const { project, env } = projectWithTemporary()
    await run(project, [], { ...env, [name]: project.path('user') })
    expect(existsSync(project.path(ofJest))).toBe(false)
  },
)
