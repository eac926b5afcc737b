import { expect, test } from 'vitest'
import { plainAndIsolated, VitestProject } from '../support/vitest-project.ts'

const config = { provide: { provided: { deep: [1, 2] } }, env: { VITE_OF_CONFIG: 'yes' } }

test.for([{}, { isolate: false }, { isolate: false, maxWorkers: 1 }])(
  'threads, children, exit handlers, watchers, fake timers, provided values: unchanged with %j',
  async (isolation) => {
    const project = new VitestProject({ fixture: 'behaviour', test: { ...config, ...isolation } })
    const { output, exitCode } = await project.run()
    expect(exitCode, output).toBe(0)
    expect(output).toContain('Tests  8 passed (8)')
    expect(output).toContain('process exit handler')
  },
)

test('type tests run beside isolated files', async () => {
  const { plain, isolated } = plainAndIsolated({
    fixture: 'behaviour',
    test: { ...config, typecheck: { enabled: true } },
  })
  const [expected, seen] = await Promise.all([plain.run(), isolated.run()])
  const counts = (output: string): string[] =>
    output.match(/(?:Tests|Test Files|Type Errors) .*/g) ?? []
  expect(counts(seen.output)).toEqual(counts(expected.output))
  expect(seen.output).toContain('types.test-d.ts')
  expect(seen.exitCode).toBe(expected.exitCode)
})

test('projects: each has its own options, and one without the plugin is as it was', async () => {
  const project = new VitestProject({
    files: {
      'one/a.test.js': prints,
      'two/a.test.js': prints,
      'plain/a.test.js': prints,
    },
    config: `
      import netns from 'vitest-environment-netns/plugin'
      const isolated = (name) => ({
        plugins: [netns()],
        root: import.meta.dirname + '/' + name,
        test: { name, environment: 'netns', environmentOptions: { netns: { hostname: 'of-' + name } } },
      })
      export default {
        test: { projects: [isolated('one'), isolated('two'), { root: import.meta.dirname + '/plain', test: { name: 'plain' } }] },
      }`,
  })
  const { output, exitCode } = await project.run([], { REAL: 'outside' })
  expect(exitCode, output).toBe(0)
  expect(output).toContain('host of-one')
  expect(output).toContain('host of-two')
  expect(output.match(/host .*/g)).toHaveLength(3)
  expect(output).toContain('Isolated  2 files in 2 sandboxes')
})

test('projects that extend a config with the plugin are isolated', async () => {
  const project = new VitestProject({
    files: { 'a.test.js': prints },
    config: `
      import netns from 'vitest-environment-netns/plugin'
      export default {
        plugins: [netns()],
        test: {
          environment: 'netns',
          projects: [
            { extends: true, test: { name: 'one' } },
            { extends: true, test: { name: 'two', environmentOptions: { netns: { hostname: 'two' } } } },
          ],
        },
      }`,
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(output.match(/host .*/g)?.toSorted()).toEqual(['host netns', 'host two'])
})

test('two files that write the same path and bind the same port at once do not see each other', async () => {
  const takesAll = `
    import { existsSync, writeFileSync } from 'node:fs'
    import { createServer } from 'node:http'
    import { expect, test } from 'vitest'
    test('takes the port and the path', async () => {
      expect(existsSync('/tmp/taken')).toBe(false)
      expect(existsSync('taken')).toBe(false)
      writeFileSync('/tmp/taken', 'mine')
      writeFileSync('taken', 'mine')
      const server = createServer((_, response) => response.end(process.env.VITEST_POOL_ID))
      await new Promise((resolve, reject) => server.listen(80, resolve).once('error', reject))
      for (let i = 0; i < 50; i++) {
        const response = await fetch('http://127.0.0.1:80/')
        expect(await response.text()).toBe(process.env.VITEST_POOL_ID)
      }
      server.close()
    })`
  const names = Array.from({ length: 6 }, (_, index) => `f${index}.test.js`)
  const project = new VitestProject({
    files: Object.fromEntries(names.map((name) => [name, takesAll])),
    test: { maxWorkers: 3 },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(project.list()).not.toContain('taken')
})

test('vitest list collects inside', async () => {
  const project = new VitestProject({ files: { 'a.test.js': prints } })
  const { output, exitCode } = await project.finish(project.start(['list']))
  expect(exitCode, output).toBe(0)
  expect(output).toContain('a.test.js > prints')
})

test('a profile of the worker is kept', async () => {
  const project = new VitestProject({
    files: { 'a.test.js': prints },
    // Without V8's threads, with which one exit in a hundred hangs (nodejs/node#54918).
    test: { execArgv: ['--single-threaded', '--cpu-prof', '--cpu-prof-dir=profiles'] },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(project.list(), output).toContainEqual(
    expect.stringMatching(/^profiles\/CPU\..*\.cpuprofile$/),
  )
})

const prints = `
  import { hostname } from 'node:os'
  import { expect, test } from 'vitest'
  test('prints', () => {
    process.stdout.write('host ' + hostname() + '\\n')
    expect(1).toBe(1)
  })`
