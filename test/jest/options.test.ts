import { describe, expect, test } from 'vitest'
import { docblock, isolations, JestProject } from '../support/jest-project.ts'

const passes = `test('passes', () => {})`

test('wrong options end the run with one error that lists every mistake', async () => {
  const project = new JestProject({
    files: { 'a.test.js': passes, 'b.test.js': passes },
    netns: { fs: { hidee: [] }, isolation: 'proces', base: 'happy-dom' },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output.match(/NETNS_OPTIONS_INVALID/g)).toHaveLength(1)
  expect(output).toContain(
    'testEnvironmentOptions.netns.fs.hidee: unknown option, did you mean "hide"?',
  )
  expect(output).toContain("did you mean 'process'?")
  expect(output).toContain("expected 'node' or 'jsdom'")
})

test('wrong options of a docblock fail that file only', async () => {
  const project = new JestProject({
    files: {
      'a.test.js': docblock(null, { netns: { net: 'nonee' } }) + passes,
      'b.test.js': passes,
    },
  })
  const { report } = await project.report()
  expect(report.testResults.map(({ name, status }) => [name.slice(-9), status]).toSorted()).toEqual(
    [
      ['a.test.js', 'failed'],
      ['b.test.js', 'passed'],
    ],
  )
  expect(report.testResults.find(({ status }) => status === 'failed')?.message).toContain(
    "-environment-options netns.net: expected 'loopback'",
  )
})

test('an option that does not fit this machine ends the run with its error', async () => {
  const project = new JestProject({
    files: { 'a.test.js': passes },
    netns: { fs: { bind: { '/there': '/is/none' } } },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output).toContain('NETNS_OPTIONS_INVALID')
  expect(output).toContain('/is/none')
})

test('workerThreads is refused with the reason', async () => {
  const project = new JestProject({
    files: { 'a.test.js': passes },
    config: { workerThreads: true },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output).toContain('NETNS_POOL_UNSUPPORTED')
  expect(output).toContain('threads share one process')
})

describe.each(isolations)('isolation: %s', (isolation) => {
  test('the options of a docblock replace those of the config, key by key', async () => {
    const says = (what: string) => `
      test('says', () => {
        const { existsSync } = require('node:fs')
        const { hostname, networkInterfaces } = require('node:os')
        console.log(JSON.stringify([
          '${what}', hostname(), Object.keys(networkInterfaces()), existsSync('hidden.txt'), existsSync('secret.txt'),
        ]))
      })`
    const project = new JestProject({
      files: {
        'config.test.js': says('config'),
        'network.test.js': docblock(null, { netns: { net: 'none' } }) + says('network'),
        'files.test.js':
          docblock(null, { netns: { fs: { hide: ['secret.txt'] } } }) + says('files'),
        'name.test.js': docblock(null, { netns: { hostname: 'other' } }) + says('name'),
        'hidden.txt': '',
        'secret.txt': '',
      },
      netns: { isolation, fs: { hide: ['hidden.txt'] } },
    })
    const { output, exitCode } = await project.run()
    expect(exitCode, output).toBe(0)
    expect(output.match(/\["[cnf].*\]/g)?.toSorted()).toEqual([
      '["config","netns",["lo"],false,true]',
      '["files","netns",["lo"],true,false]',
      '["name","other",["lo"],false,true]',
      '["network","netns",[],false,true]',
    ])
  })

  test('a docblock adds names and files to keep', async () => {
    const project = new JestProject({
      files: {
        'a.test.js':
          docblock(null, { netns: { hosts: { other: '127.0.0.2' }, fs: { keep: ['a.txt'] } } }) +
          `test('looks up', async () => {
            const { lookup } = require('node:dns/promises')
            expect((await lookup('shop')).address).toBe('127.0.0.1')
            expect((await lookup('other')).address).toBe('127.0.0.2')
            require('node:fs').writeFileSync('a.txt', '')
          })`,
      },
      netns: { isolation, hosts: { shop: '127.0.0.1' } },
    })
    const { output, exitCode } = await project.run()
    expect(exitCode, output).toBe(0)
    expect(project.list()).toContain('a.txt')
  })

  test('fs.keep brings out what matches, also of a file that fails or ends its process', async () => {
    const writes = (name: string, end: string) => `
      const { mkdirSync, writeFileSync } = require('node:fs')
      test('writes', () => {
        mkdirSync('artifacts', { recursive: true })
        writeFileSync('artifacts/${name}.txt', '${name}', { mode: 0o640 })
        writeFileSync('litter-${name}.txt', '')
        ${end}
      })`
    const project = new JestProject({
      files: {
        'a.test.js': writes('a', ''),
        'b.test.js': writes('b', `throw new Error('fails')`),
        'c.test.js': writes('c', `process.kill(process.pid, 'SIGKILL')`),
      },
      netns: { isolation, fs: { keep: ['artifacts/**'] } },
    })
    const { output } = await project.run()
    expect(project.list().filter((name) => name.endsWith('.txt'))).toEqual([
      'artifacts/a.txt',
      'artifacts/b.txt',
      'artifacts/c.txt',
    ])
    expect(output).toContain('Kept  3 files, 3 B')
  })

  test('env is what the options say, and Jest finds its own variables', async () => {
    const project = new JestProject({
      files: {
        'a.test.js': `
          test('sees', () => {
            expect(process.env.SECRET).toBeUndefined()
            expect(process.env.FLAVOUR).toBe('vanilla')
            expect(process.env.NODE_ENV).toBe('test')
            expect(process.env.JEST_WORKER_ID).toBe('1')
          })`,
      },
      netns: { isolation, env: { allow: ['PATH', 'HOME'], set: { FLAVOUR: 'vanilla' } } },
    })
    const { output, exitCode } = await project.run([], { SECRET: 'x' })
    expect(exitCode, output).toBe(0)
  })
})
