import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { docblock, VitestProject } from '../support/vitest-project.ts'

const ownEnvironment = {
  'node_modules/vitest-environment-own/package.json': JSON.stringify({
    name: 'vitest-environment-own',
    type: 'module',
    exports: './index.js',
  }),
  'node_modules/vitest-environment-own/index.js': `
    export default {
      name: 'own',
      viteEnvironment: 'ssr',
      setup(global) {
        global.own = 'set by the environment'
        return { teardown() { delete global.own } }
      },
    }`,
}

const real = { REAL_HOSTNAME: hostname() }

test.for([true, false])(
  'files of other environments in the same run are as without the plugin (isolate: %s)',
  async (isolate) => {
    const project = new VitestProject({
      fixture: 'environments',
      files: ownEnvironment,
      test: {
        isolate,
        maxWorkers: 1,
        environmentOptions: { netns: { fs: { hide: ['hidden.txt'] } } },
      },
    })
    const { output, exitCode } = await project.run([], real)
    expect(exitCode, output).toBe(0)
    expect(output).toContain('Tests  7 passed (7)')
    expect(output).toContain('4 files')
  },
)

test('without the plugin, the environment fails and names the line to add', async () => {
  const project = new VitestProject({
    files: { 'a.test.js': passes },
    config: `export default { test: { environment: 'netns' } }`,
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output).toContain('NETNS_NOT_IN_SANDBOX')
  expect(output).toContain("import netns from 'vitest-environment-netns/plugin'")
  expect(output).not.toContain('1 passed')
})

test.for(['threads', 'vmThreads', 'vmForks'])(
  'pool: %j is refused at once where the environment is netns',
  async (pool) => {
    const project = new VitestProject({ files: { 'a.test.js': passes }, test: { pool } })
    const { output, exitCode } = await project.run()
    expect(exitCode).toBe(1)
    expect(output).toContain('NETNS_POOL_UNSUPPORTED')
    expect(output).toContain(`test.pool is '${pool}'`)
    expect(output.match(/NetnsError: NETNS_POOL_UNSUPPORTED/g)).toHaveLength(1)
  },
)

test.for(['threads', 'vmThreads', 'vmForks'])(
  'with pool: %j only files that ask for netns fail, the others run in that pool',
  async (pool) => {
    const project = new VitestProject({
      files: {
        'asks.test.js': docblock('netns') + passes,
        'other.test.js': passes,
      },
      test: { pool, environment: 'node' },
    })
    const { output, exitCode } = await project.run()
    expect(exitCode).toBe(1)
    expect(output).toContain('NETNS_POOL_UNSUPPORTED')
    expect(output).toContain('✓ other.test.js')
    expect(output).not.toContain('✓ asks.test.js')
  },
)

test.for([['--pool=forks'], ['--pool', 'forks', '--isolate']])(
  '%j on the command line is no obstacle',
  async (args) => {
    const project = new VitestProject({ files: { 'a.test.js': isInside } })
    const { output, exitCode } = await project.run(args)
    expect(exitCode, output).toBe(0)
  },
)

test('a pool of the user keeps the files of other environments', async () => {
  const project = new VitestProject({
    files: { 'inside.test.js': isInside, 'other.test.js': docblock('node') + passes },
    config: `
      import netns from 'vitest-environment-netns/plugin'
      import { ForksPoolWorker } from 'vitest/node'
      const pool = {
        name: 'own',
        createPoolWorker(options) {
          console.log('own pool: ' + options.environment.name)
          return new ForksPoolWorker(options)
        },
      }
      export default { plugins: [netns()], test: { environment: 'netns', pool } }`,
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(output.match(/own pool: .*/g)).toEqual(['own pool: node'])
})

const passes = `
  import { expect, test } from 'vitest'
  test('passes', () => expect(1).toBe(1))`

const isInside = `
  import { hostname } from 'node:os'
  import { expect, test } from 'vitest'
  test('inside', () => expect(hostname()).toBe('netns'))`
