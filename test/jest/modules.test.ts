import { expect, test } from 'vitest'
import { isolations, JestProject } from '../support/jest-project.ts'

test.each(isolations)(
  'ECMAScript modules run with --experimental-vm-modules, isolation: %s',
  async (isolation) => {
    const project = new JestProject({
      type: 'module',
      files: {
        'src/greeting.js': `import { hostname } from 'node:os'\nexport const greeting = 'hello from ' + hostname()`,
        'setup.js': `import { writeFileSync } from 'node:fs'\nwriteFileSync('setup.txt', '')`,
        'a.test.js': `
          import { existsSync, writeFileSync } from 'node:fs'
          import { expect, test } from '@jest/globals'
          import { greeting } from './src/greeting.js'
          test('imports', () => {
            expect(greeting).toBe('hello from netns')
            expect(existsSync('setup.txt')).toBe(true)
            expect({ greeting }).toMatchSnapshot()
          })
          test('imports what it wrote', async () => {
            writeFileSync('src/written.js', 'export default 42')
            expect((await import('./src/written.js')).default).toBe(42)
          })`,
      },
      config: { transform: {}, setupFiles: ['./setup.js'] },
      netns: { isolation },
    })
    const { output, exitCode } = await project.run([], {
      NODE_OPTIONS: '--experimental-vm-modules',
    })
    expect(exitCode, output).toBe(0)
    expect(project.list()).toContain('__snapshots__/a.test.js.snap')
    expect(project.list()).not.toContain('src/written.js')
  },
)

const typescript = {
  'babel.config.json': JSON.stringify({
    presets: ['@babel/preset-typescript'],
    plugins: ['@babel/plugin-transform-modules-commonjs'],
  }),
  'src/price.ts': `export interface Price { cents: number }\nexport const double = ({ cents }: Price): Price => ({ cents: cents * 2 })`,
  'a.test.ts': `
    import { double, type Price } from './src/price'
    const price: Price = { cents: 2 }
    test('is transformed', () => expect(double(price)).toMatchInlineSnapshot())`,
}

test('TypeScript runs through a transformer, whose results every worker writes to the cache', async () => {
  const project = new JestProject({
    files: typescript,
    config: { cacheDirectory: '<rootDir>/cache' },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(project.list().filter((name) => /^cache\/.*price/.test(name)).length).toBeGreaterThan(0)
  expect(project.read('a.test.ts')).toContain('"cents": 4')
})

test("Jest's own cache in the temporary directory is written through too", async () => {
  const project = new JestProject({
    files: { 'a.test.js': `test('passes', () => {})`, 'temporary/.keep': '' },
    usersCache: true,
  })
  const { output, exitCode } = await project.run([], { TMPDIR: project.path('temporary') })
  expect(exitCode, output).toBe(0)
  expect(project.list()).toContainEqual(expect.stringMatching(/^temporary\/jest_.*\/atest_/))
})

test('parallel cold runs write one cache without getting in their way', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 6 }, (_, index) => [
      `${index}.test.js`,
      `require('./src/shared')\ntest('passes', () => {})`,
    ]),
  )
  const setup = {
    files: { ...files, 'src/shared.js': 'module.exports = 1' },
    config: { cacheDirectory: '<rootDir>/cache' },
    netns: { isolation: 'process' },
  }
  const project = new JestProject(setup)
  const results = await Promise.all([project.run(), project.run(), project.run()])
  for (const { output, exitCode } of results) expect(exitCode, output).toBe(0)
  expect(project.list().filter((name) => /^cache\/.*\.\d+$/.test(name))).toEqual([])
})

test('what ECMAScript modules import of the package is what CommonJS requires', async () => {
  const project = new JestProject({
    files: {
      'check.mjs': `
        import { createRequire } from 'node:module'
        import environment, { TestEnvironment, isolate } from 'jest-environment-netns'
        import runner, { NetnsRunner } from 'jest-environment-netns/runner'
        import preset from 'jest-environment-netns/jest-preset'
        const require = createRequire(import.meta.url)
        const required = require('jest-environment-netns')
        const found = [
          environment === TestEnvironment && required.default === environment,
          isolate === required.isolate && typeof isolate === 'function',
          runner === NetnsRunner && require('jest-environment-netns/runner').default === runner,
          Object.keys(preset).sort().join() === 'runner,testEnvironment',
        ]
        console.log(JSON.stringify(found))`,
      'jest.config.mjs': `
        import preset from 'jest-environment-netns/jest-preset'
        export default { ...preset }`,
      'a.test.js': `test('writes', () => require('node:fs').writeFileSync('written', ''))`,
    },
  })
  const { output } = await project.finish(project.startScript(['check.mjs']))
  expect(output.trim()).toBe('[true,true,true,true]')
  const run = await project.run(['--config', 'jest.config.mjs'])
  expect(run.exitCode, run.output).toBe(0)
  expect(run.output).toContain('Isolated  1 file')
  expect(project.list()).not.toContain('written')
})
