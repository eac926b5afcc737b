import { describe, expect, test } from 'vitest'
import { isolations, JestProject } from '../support/jest-project.ts'
import { leavesIsolateOpen } from '../support/left-open.ts'

const body = `
  const { existsSync, mkdirSync, writeFileSync } = fs
  beforeAll(() => writeFileSync('seed.txt', 'seed'))
  test('has files of its own and tells what it changed', async () => {
    const sandbox = await isolate()
    writeFileSync('seed.txt', 'changed')
    writeFileSync('new.txt', '')
    expect((await sandbox.changes()).map(({ type, path }) => [type, path.split('/').at(-1)])).toEqual([
      ['created', 'new.txt'],
      ['modified', 'seed.txt'],
    ])
    await sandbox.dispose()
    expect(fs.readFileSync('seed.txt', 'utf8')).toBe('seed')
    expect(existsSync('new.txt')).toBe(false)
  })
  test('leaves one open', async () => {
    await isolate()
    writeFileSync('left.txt', '')
  })
  test('does not run in what another test left open', () => {
    expect(existsSync('left.txt')).toBe(false)
  })`

describe.each(isolations)('isolation: %s', (isolation) => {
  test('isolate() gives one test files of its own, in CommonJS', async () => {
    const imports = `const fs = require('node:fs')\nconst { isolate } = require('jest-environment-netns')`
    const project = new JestProject({
      files: { 'a.test.js': imports + body },
      netns: { isolation },
    })
    const { output, exitCode } = await project.run()
    expect(exitCode, output).toBe(0)
    expect(output).toContain('2 × isolate()')
  })
})

test('isolate() is imported from ECMAScript modules too', async () => {
  const imports = `import fs from 'node:fs'\nimport { isolate } from 'jest-environment-netns'`
  const project = new JestProject({
    type: 'module',
    files: { 'a.test.js': imports + body },
    config: { transform: {} },
  })
  const { output, exitCode } = await project.run([], { NODE_OPTIONS: '--experimental-vm-modules' })
  expect(exitCode, output).toBe(0)
})

test('outside of the environment it says what to add', async () => {
  const project = new JestProject({
    files: { 'a.test.js': `require('jest-environment-netns/isolate')` },
    plain: true,
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output).toContain("add preset: 'jest-environment-netns'")
})

test('what a file left open ends with the file, and who waits for it waits for nothing', async () => {
  const imports = `
    const { existsSync, writeFileSync, writeSync } = require('node:fs')
    const { isolate } = require('jest-environment-netns')`
  const content = imports + leavesIsolateOpen
  const project = new JestProject({
    files: Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}.test.js`, content])),
  })
  const { output, exitCode } = await project.run(['-i'])
  expect(exitCode, output).toBe(0)
  expect(output.match(/^NETNS_ISOLATE_DISPOSED$/gm), output).toHaveLength(6)
  expect(new Set(output.match(/pid \d+/g)), output).toHaveLength(1)
  expect(output).toContain('3 × isolate()')
})
