import { chmodSync, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { listTree } from '../support/files.ts'
import { plainAndIsolated, VitestProject, type ProjectSetup } from '../support/vitest-project.ts'

async function treesAfter(
  setup: ProjectSetup,
  ...runs: readonly (readonly string[])[]
): Promise<Record<'plain' | 'isolated', Record<string, string>>> {
  const { plain, isolated } = plainAndIsolated(setup)
  for (const args of runs) await Promise.all([plain.run(args), isolated.run(args)])
  const withoutConfig = (project: VitestProject) => {
    const { 'vitest.config.mjs': _config, ...tree } = listTree(project.directory)
    return tree
  }
  return { plain: withoutConfig(plain), isolated: withoutConfig(isolated) }
}

test('new snapshots of every kind are written as plain Vitest writes them', async () => {
  const { plain, isolated } = await treesAfter({ fixture: 'snapshots' }, [])
  expect(isolated).toEqual(plain)
  expect(isolated['tests/__snapshots__/kinds.test.ts.snap']).toContain('with a hint')
  expect(isolated['tests/kinds.test.ts']).toContain('toMatchInlineSnapshot(`"text"`)')
  expect(isolated['tests/pages/page.html']).toContain('<h1>page</h1>')
  expect(isolated['outside-of-tests/data.json']).toContain('{"a":1}')
})

test('-u updates changed snapshots and removes obsolete ones, files and all', async () => {
  const { plain, isolated } = await treesAfter({ fixture: 'snapshots' }, ['-u'])
  expect(isolated).toEqual(plain)
  expect(isolated['tests/__snapshots__/stale.test.ts.snap']).toContain('"version": 2')
  expect(isolated['tests/__snapshots__/stale.test.ts.snap']).not.toContain('no longer')
  expect(isolated).not.toHaveProperty('tests/__snapshots__/gone.test.ts.snap')
})

test('a second run finds what the first one wrote and changes nothing', async () => {
  const project = new VitestProject({ fixture: 'snapshots' })
  await project.run(['-u'])
  const after = listTree(project.directory)
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(output).not.toContain('written')
  expect(listTree(project.directory)).toEqual(after)
})

test('a snapshot environment of the user stores what it stores in plain Vitest', async () => {
  const { plain, isolated } = await treesAfter(
    { fixture: 'snapshot-environment', test: { snapshotEnvironment: './environment.ts' } },
    [],
  )
  expect(isolated).toEqual(plain)
  expect(isolated['__snapshots__/loud.test.ts.snap']).toContain('EXPORTS[`LOUD 1`]')
})

test('snapshots go where resolveSnapshotPath says', async () => {
  const project = new VitestProject({
    files: { 'a.test.js': oneSnapshot },
    config: `
      import netns from 'vitest-environment-netns/plugin'
      export default {
        plugins: [netns()],
        test: {
          environment: 'netns',
          resolveSnapshotPath: (path, extension) => path.replace('a.test.js', 'elsewhere/a' + extension),
        },
      }`,
  })
  await project.run()
  expect(readFileSync(project.path('elsewhere/a.snap'), 'utf8')).toContain('exports[`a 1`]')
})

test('with isolate: false the snapshots of all files of a worker are written', async () => {
  const { plain, isolated } = await treesAfter(
    { fixture: 'snapshots', test: { isolate: false, maxWorkers: 1 } },
    ['-u'],
  )
  expect(isolated).toEqual(plain)
})

test('a file keeps its mode, and a symbolic link stays one', async () => {
  const project = new VitestProject({
    files: { 'a.test.js': oneSnapshot, 'real.snap': '', '__snapshots__/.keep': '' },
  })
  chmodSync(project.path('real.snap'), 0o640)
  symlinkSync('../real.snap', project.path('__snapshots__/a.test.js.snap'))
  await project.run(['-u'])
  expect(listTree(project.directory)).toMatchObject({
    'real.snap': expect.stringMatching(/^640 .*exports\[`a 1`\]/s),
    '__snapshots__/a.test.js.snap': 'link to ../real.snap',
  })
})

test('a snapshot outside the project fails the test with the reason, and nothing is written', async () => {
  const outside = new VitestProject({})
  const project = new VitestProject({
    files: {
      'a.test.js': `
        import { expect, test } from 'vitest'
        test('a', () => expect('x').toMatchFileSnapshot('${outside.path('file.txt')}'))`,
    },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output).toContain('a snapshot outside the project was not written')
  expect(existsSync(outside.path('file.txt'))).toBe(false)
})

const oneSnapshot = `
  import { expect, test } from 'vitest'
  test('a', () => expect('value').toMatchSnapshot())`
