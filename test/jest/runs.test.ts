import { expect, test } from 'vitest'
import { JestProject } from '../support/jest-project.ts'
import { Session } from '../support/session.ts'

const says = `
  const os = require('node:os')
  test('says', () => {
    process.stdout.write('ran on ' + os.hostname() + ' as ' + process.env.JEST_WORKER_ID + '\\n')
  })`

test.each([
  ['-i', ['-i']],
  ['a single file', ['a.test.js']],
  ['--detectOpenHandles', ['--detectOpenHandles']],
])('%s runs in one sandboxed worker', async (_, args) => {
  const project = new JestProject({ files: { 'a.test.js': says, 'b.test.js': says } })
  const { output, exitCode } = await project.run(args)
  expect(exitCode, output).toBe(0)
  expect(output).toContain('ran on netns as 1')
  expect(output).not.toContain('as 2')
})

test('--detectOpenHandles says what it does not see', async () => {
  const project = new JestProject({ files: { 'a.test.js': says } })
  const { output } = await project.run(['--detectOpenHandles'])
  expect(output).toContain('--detectOpenHandles watches Jest itself')
})

test('what a file leaves open is closed and named, and the next file of the worker runs', async () => {
  const leaves = `
    test('leaves', async () => {
      setInterval(() => {}, 1000)
      const server = require('node:http').createServer()
      await new Promise((resolve) => server.listen(3000, '127.0.0.1', resolve))
    })`
  const project = new JestProject({ files: { 'a.test.js': leaves, 'b.test.js': leaves } })
  const { output, exitCode } = await project.run(['-i'])
  expect(exitCode, output).toBe(0)
  expect(output).toContain('Closed  4 things that tests left open: setInterval 1000 ms (at ')
  expect(output).toContain('server on 127.0.0.1:3000 (at ')
  expect(output).not.toContain('failed to exit gracefully')
})

test('the summary counts files, sandboxes and attempts to leave', async () => {
  const project = new JestProject({
    files: {
      'a.test.js': `
        test('is stopped', async () => {
          await expect(fetch('http://192.0.2.77/')).rejects.toThrow()
        })`,
      'b.test.js': says,
    },
    netns: { isolation: 'process' },
  })
  const { stderr } = await project.run()
  expect(stderr).toMatch(/Isolated {2}2 files in 2 sandboxes, set up in [\d.]+ ms/)
  expect(stderr).toMatch(/Network {2}\d+ attempts? to leave the sandbox stopped: a\.test\.js/)
})

test('watch mode runs again what changes, each time in fresh sandboxes', async () => {
  const project = new JestProject({
    files: {
      'src/value.js': 'module.exports = 1',
      'a.test.js': `
        const { existsSync, writeFileSync } = require('node:fs')
        test('is fresh', () => {
          expect(existsSync('litter.txt')).toBe(false)
          writeFileSync('litter.txt', '')
          process.stdout.write('value is ' + require('./src/value') + '\\n')
        })`,
    },
  })
  const session = new Session(project.start(['--watchAll']))
  await session.until(/value is 1[^]*Ran all test suites/)
  project.write('src/value.js', 'module.exports = 2')
  await session.until(/value is 2[^]*Ran all test suites/)
  session.signalGroup('SIGTERM')
  await session.ended
  expect(session.output.match(/Isolated {2}1 file in 1 sandbox/g)?.length).toBeGreaterThan(1)
  expect(project.list()).not.toContain('litter.txt')
})

test('--forceExit and a test that hangs end as in plain Jest', async () => {
  const project = new JestProject({
    files: {
      'hangs.test.js': `test('hangs', () => new Promise(() => {}), 200)`,
      'fine.test.js': says,
    },
  })
  const { output, exitCode } = await project.run(['--forceExit'])
  expect(exitCode).toBe(1)
  expect(output).toContain('Exceeded timeout of 200 ms for a test.')
  expect(output).toContain('1 failed, 1 passed')
})
