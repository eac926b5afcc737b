import { describe, expect, test } from 'vitest'
import { isolations, JestProject } from '../support/jest-project.ts'

/** Each file meets what every other file would have left. */
const meets = `
  const { existsSync, mkdirSync, readdirSync, writeFileSync } = require('node:fs')
  const { spawn } = require('node:child_process')
  const http = require('node:http')
  const os = require('node:os')
  const { join } = require('node:path')

  test('no files of others', () => {
    for (const directory of [process.cwd(), os.homedir(), '/tmp', '/run', '/dev/shm']) {
      const path = join(directory, 'netns-litter')
      expect(existsSync(path)).toBe(false)
      writeFileSync(path, 'x')
    }
  })

  test('no servers of others', async () => {
    const server = http.createServer()
    await new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(80, '127.0.0.1', resolve)
    })
  })

  test('no processes of others', async () => {
    const running = readdirSync('/proc').filter((name) => {
      try {
        return require('node:fs').readFileSync('/proc/' + name + '/cmdline', 'utf8').startsWith('sleep')
      } catch {
        return false
      }
    })
    expect(running).toEqual([])
    spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }).unref()
  })`

describe.each(isolations)('isolation: %s', (isolation) => {
  test('files of one worker share nothing on disk, on the network or in processes', async () => {
    const names = ['a', 'b', 'c', 'd']
    const project = new JestProject({
      files: Object.fromEntries(names.map((name) => [`${name}.test.js`, meets])),
      netns: { isolation },
    })
    const { output, exitCode } = await project.run(['-i'])
    expect(exitCode, output).toBe(0)
    expect(output).toContain('Ended  4 processes that tests left running')
    expect(project.list()).not.toContain('netns-litter')
  })

  test('a timer of a file that ended writes neither to the host nor into the next file', async () => {
    const project = new JestProject({
      files: {
        'a.test.js': `
          const { appendFileSync } = require('node:fs')
          test('leaves a timer behind', () => {
            setInterval(() => appendFileSync('late.txt', 'x'), 1)
          })`,
        'b.test.js': `
          test('sees nothing of it', async () => {
            await new Promise((resolve) => setTimeout(resolve, 2)) // due after one of 1 ms
            expect(require('node:fs').existsSync('late.txt')).toBe(false)
          })`,
      },
      netns: { isolation },
    })
    const { output } = await project.run(['-i'])
    expect(output).toContain('2 passed')
    expect(project.list()).not.toContain('late.txt')
  })

  test('promises of a file that ended do not write to the host', async () => {
    const project = new JestProject({
      files: {
        'a.test.js': `
          const { appendFile } = require('node:fs').promises
          test('leaves promises behind', () => {
            const write = () => appendFile('late.txt', 'x').then(write, write)
            write()
          })`,
      },
      netns: { isolation },
    })
    const { output } = await project.run(['-i'])
    expect(output).toContain('1 passed')
    expect(project.list()).not.toContain('late.txt')
  })
})

test('a worker that has no descriptor left to leave a network is replaced, and the summary says why', async () => {
  const content = `
    const { createSocket } = require('node:dgram')
    const { closeSync, openSync } = require('node:fs')
    test('leaves one descriptor', async () => {
      const socket = createSocket('udp4')
      await new Promise((sent) => socket.send('used', 9, '127.0.0.1', sent))
      await new Promise((closed) => socket.close(closed))
      const opened = []
      expect(() => { for (;;) opened.push(openSync('/dev/null')) }).toThrow('EMFILE')
      closeSync(opened.pop()) // Jest itself needs one
    })`
  const project = new JestProject({
    files: Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}.test.js`, content])),
    netns: { limits: { openFiles: 256 } },
  })
  const { output, exitCode } = await project.run(['-i'])
  expect(exitCode, output).toBe(0)
  expect(output).toMatch(/2 workers were not re-used: .*no descriptor left/)
})

test('a worker goes on after a file in which a standard stream was opened', async () => {
  // What Node does at the first process.stderr, which packages read when they are loaded.
  const content = `
    const { Socket } = require('node:net')
    test('opens it', () => {
      const stream = new Socket({ fd: 2, readable: false })
      stream.fd = 2
      console.log('pid', process.pid)
    })`
  const project = new JestProject({
    files: Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}.test.js`, content])),
  })
  const { output, exitCode } = await project.run(['-i'])
  expect(exitCode, output).toBe(0)
  expect(new Set(output.match(/pid \d+/g)), output).toHaveLength(1)
  expect(output).not.toContain('not re-used')
})
