import { expect, test } from 'vitest'
import { docblock, JestProject } from '../support/jest-project.ts'

const hostname = `console.log('ran on ' + require('node:os').hostname())`
const passes = `test('passes', () => {})\n${hostname}`

test("testEnvironment: 'netns' without the runner fails with one error that names the preset", async () => {
  const project = new JestProject({
    files: { 'a.test.js': passes },
    config: { testEnvironment: 'netns' },
    bare: true,
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output.match(/NETNS_NOT_IN_SANDBOX/g)).toHaveLength(1)
  expect(output).toContain("preset: 'jest-environment-netns'")
  expect(output).not.toContain('ran on')
})

test('testEnvironment and runner do without the preset', async () => {
  const project = new JestProject({
    files: { 'a.test.js': passes },
    config: { testEnvironment: 'netns', runner: 'jest-environment-netns/runner' },
    bare: true,
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(output).toContain('ran on netns')
})

test('a docblock takes a file out of the sandboxes, or names the environment itself', async () => {
  const project = new JestProject({
    files: {
      'inside.test.js': docblock('netns') + passes,
      'outside.test.js': docblock('node') + passes,
      'dom.test.js': `${docblock('jsdom')}test('dom', () => expect(document.body).toBeTruthy())\n${hostname}`,
    },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(output.match(/ran on netns/g)).toHaveLength(1)
  expect(output.match(/ran on /g)).toHaveLength(3)
  expect(output).toContain('1 file in 1 sandbox')
})

test("base: 'jsdom' runs Jest's DOM environment inside, with its own options", async () => {
  const inside = `
    expect(require('node:os').hostname()).toBe('netns')
    expect(document.createElement('p').tagName).toBe('P')
    expect({ a: document.title }).toMatchSnapshot()`
  const project = new JestProject({
    files: {
      'config.test.js': `test('dom', () => {${inside}\nexpect(location.href).toBe('http://shop.example/')})`,
      'docblock.test.js':
        docblock(null, { url: 'http://other.example/' }) +
        `test('dom', () => {${inside}\nexpect(location.href).toBe('http://other.example/')})`,
      'node.test.js':
        docblock(null, { netns: { base: 'node' } }) +
        `test('no dom', () => expect(typeof document).toBe('undefined'))`,
    },
    config: { testEnvironmentOptions: { url: 'http://shop.example/' } },
    netns: { base: 'jsdom' },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(project.list()).toContain('__snapshots__/config.test.js.snap')
})

test("base: 'jsdom' without jest-environment-jsdom says what to install", async () => {
  const project = new JestProject({ files: { 'a.test.js': passes }, netns: { base: 'jsdom' } })
  project.remove('node_modules/jest-environment-jsdom')
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output).toContain('npm install --save-dev jest-environment-jsdom')
})

test('an environment of the user may extend ours', async () => {
  const project = new JestProject({
    files: {
      'environment.js': `
        const { TestEnvironment } = require('jest-environment-netns')
        module.exports = class extends TestEnvironment {
          async setup() {
            await super.setup()
            this.global.greeting = 'hello from ' + require('node:os').hostname()
          }
        }`,
      'a.test.js': `test('extended', () => expect(greeting).toBe('hello from netns'))`,
    },
    config: { testEnvironment: './environment.js' },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
})

test('an environment that is not ours fails its files under the runner, with the way out', async () => {
  const project = new JestProject({
    files: { 'a.test.js': passes },
    config: { testEnvironment: 'node' },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output).toContain('NETNS_NOT_IN_SANDBOX')
  expect(output).toContain('neither is nor extends jest-environment-netns')
})

test('projects with and without sandboxes run in one Jest', async () => {
  const project = new JestProject({
    files: {
      'inside/a.test.js': passes,
      'outside/a.test.js': passes,
      'inside/jest.config.json': JSON.stringify({
        displayName: 'inside',
        preset: 'jest-environment-netns',
      }),
      'outside/jest.config.json': JSON.stringify({ displayName: 'outside' }),
    },
    config: { projects: ['<rootDir>/inside', '<rootDir>/outside'] },
    bare: true,
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(output.match(/ran on /g)).toHaveLength(2)
  expect(output.match(/ran on netns/g)).toHaveLength(1)
})

test('setup files run inside the sandbox of their file', async () => {
  const write = (name: string) =>
    `require('node:fs').writeFileSync('${name}', require('node:os').hostname())`
  const project = new JestProject({
    files: {
      'setup.js': write('setup.txt'),
      'after-env.js': write('after-env.txt'),
      'a.test.js': `
        const { readFileSync } = require('node:fs')
        test('sees both', () => {
          expect(readFileSync('setup.txt', 'utf8')).toBe('netns')
          expect(readFileSync('after-env.txt', 'utf8')).toBe('netns')
        })`,
    },
    config: { setupFiles: ['./setup.js'], setupFilesAfterEnv: ['./after-env.js'] },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(project.list().filter((name) => name.endsWith('.txt'))).toEqual([])
})

test('the options are no global of the test, and other options are', async () => {
  const project = new JestProject({
    files: {
      'a.test.js': `
        test('globals', () => {
          expect(typeof netns).toBe('undefined')
          expect(flavour).toBe('vanilla')
          expect(process.env.NETNS_JEST_WORKER).toBeUndefined()
          expect(process.env.JEST_WORKER_ID).toMatch(/^[1-9]$/)
        })`,
    },
    config: { testEnvironmentOptions: { flavour: 'vanilla' } },
    netns: { fs: { keep: ['a/**'] } },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
})
