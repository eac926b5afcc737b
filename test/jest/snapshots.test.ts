import { chmodSync, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { listTree } from '../support/files.ts'
import {
  isolations,
  JestProject,
  plainAndIsolated,
  type JestSetup,
} from '../support/jest-project.ts'

async function treesAfter(
  setup: JestSetup,
  ...runs: readonly (readonly string[])[]
): Promise<Record<'plain' | 'isolated', Record<string, string>>> {
  const { plain, isolated } = plainAndIsolated(setup)
  for (const args of runs) await Promise.all([plain.run(args), isolated.run(args)])
  const withoutConfig = (project: JestProject) => {
    const { 'jest.config.json': _config, ...tree } = listTree(project.directory)
    return tree
  }
  return { plain: withoutConfig(plain), isolated: withoutConfig(isolated) }
}

describe.each(isolations)('isolation: %s', (isolation) => {
  const setup: JestSetup = { fixture: 'snapshots', netns: { isolation } }

  test('new snapshots of every kind are written as plain Jest writes them', async () => {
    const { plain, isolated } = await treesAfter(setup, [])
    expect(isolated).toEqual(plain)
    expect(isolated['tests/__snapshots__/kinds.test.js.snap']).toContain('with a hint')
    expect(isolated['tests/kinds.test.js']).toContain('toMatchInlineSnapshot(`"text"`)')
  })

  test('-u updates changed snapshots and removes obsolete ones, files and all', async () => {
    const { plain, isolated } = await treesAfter(setup, ['-u'])
    expect(isolated).toEqual(plain)
    expect(isolated['tests/__snapshots__/stale.test.js.snap']).toContain('"version": 2')
    expect(isolated['tests/__snapshots__/stale.test.js.snap']).not.toContain('no longer')
    expect(isolated).not.toHaveProperty('tests/__snapshots__/gone.test.js.snap')
    expect(isolated).not.toHaveProperty('tests/__snapshots__/orphan.test.js.snap')
  })
})

test('--ci writes nothing and fails as plain Jest does', async () => {
  const { plain, isolated } = plainAndIsolated({ fixture: 'snapshots' })
  const before = listTree(isolated.directory)
  const [one, other] = await Promise.all([plain.run(['--ci']), isolated.run(['--ci'])])
  expect(other.exitCode).toBe(one.exitCode)
  expect(listTree(isolated.directory)).toEqual(before)
})

test('a second run finds what the first one wrote and changes nothing', async () => {
  const project = new JestProject({ fixture: 'snapshots' })
  await project.run(['-u'])
  const after = listTree(project.directory)
  const { output, exitCode } = await project.run(['--ci'])
  expect(exitCode, output).toBe(0)
  expect(listTree(project.directory)).toEqual(after)
})

test('snapshots go where a snapshotResolver says, and are removed there', async () => {
  const files = {
    'a.test.js': oneSnapshot,
    'resolver.js': `
      module.exports = {
        resolveSnapshotPath: (path, extension) => path.replace('a.test.js', 'elsewhere/a.test.js' + extension),
        resolveTestPath: (path, extension) => path.replace('elsewhere/', '').slice(0, -extension.length),
        testPathForConsistencyCheck: '/some/a.test.js',
      }`,
  }
  const project = new JestProject({ files, config: { snapshotResolver: './resolver.js' } })
  await project.run()
  expect(readFileSync(project.path('elsewhere/a.test.js.snap'), 'utf8')).toContain('exports[`a 1`]')
  project.write('a.test.js', "test('a', () => {})")
  await project.run(['-u'])
  expect(existsSync(project.path('elsewhere/a.test.js.snap'))).toBe(false)
})

test('a file keeps its mode, and a symbolic link stays one', async () => {
  const project = new JestProject({
    files: { 'a.test.js': oneSnapshot, 'real.txt': '', '__snapshots__/.keep': '' },
  })
  chmodSync(project.path('real.txt'), 0o640)
  symlinkSync('../real.txt', project.path('__snapshots__/a.test.js.snap'))
  await project.run(['-u'])
  expect(listTree(project.directory)).toMatchObject({
    'real.txt': expect.stringMatching(/^640 .*exports\[`a 1`\]/s),
    '__snapshots__/a.test.js.snap': 'link to ../real.txt',
  })
})

test('a snapshot outside the project fails the file with the reason, and nothing is written', async () => {
  const outside = new JestProject({})
  const resolver = `
    module.exports = {
      resolveSnapshotPath: () => '${outside.path('a.snap')}',
      resolveTestPath: () => '/some/a.test.js',
      testPathForConsistencyCheck: '/some/a.test.js',
    }`
  const project = new JestProject({
    files: { 'a.test.js': oneSnapshot, 'resolver.js': resolver },
    config: { snapshotResolver: './resolver.js' },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(1)
  expect(output).toContain('NETNS_SNAPSHOT_REFUSED')
  expect(existsSync(outside.path('a.snap'))).toBe(false)
})

test('what a test itself writes stays inside', async () => {
  const project = new JestProject({
    files: {
      'a.test.js': `
        test('a', () => {
          require('node:fs').writeFileSync('inside.txt', 'x')
        })`,
    },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(project.list()).not.toContain('inside.txt')
})

const oneSnapshot = `test('a', () => expect('value').toMatchSnapshot())`
