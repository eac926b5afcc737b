import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
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
