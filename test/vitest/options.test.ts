import { expect, test } from 'vitest'
import { docblock, VitestProject } from '../support/vitest-project.ts'

const passes = `
  import { expect, test } from 'vitest'
  test('passes', () => expect(1).toBe(1))`

test('every mistake in the config is listed at once, before any test runs', async () => {
  const project = new VitestProject({
    files: { 'a.test.js': passes, 'b.test.js': passes },
    test: {
      environmentOptions: {
        netns: { fs: { hid: ['x'], mode: 'rw' }, hostname: 7, limits: { openFiles: -1 } },
      },
    },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output.match(/NetnsError: NETNS_OPTIONS_INVALID/g)).toHaveLength(1)
  expect(output).toContain('fs.hid')
  expect(output).toContain('"hide"')
  expect(output).toContain('fs.mode')
  expect(output).toContain('hostname')
  expect(output).toContain('limits.openFiles')
  expect(output).not.toContain('passed')
})

test('a mistake in a docblock fails that file and names it; the others run', async () => {
  const project = new VitestProject({
    files: {
      'a.test.js': passes,
      'b.test.js': docblock(null, { netns: { hostnam: 'x' } }) + passes,
    },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output).toContain('NETNS_OPTIONS_INVALID')
  expect(output).toContain('hostnam')
  expect(output).toContain('b.test.js')
  expect(output).toContain('✓ a.test.js')
})

test('an option that does not fit this machine fails with the reason', async () => {
  const project = new VitestProject({
    files: { 'a.test.js': passes },
    test: {
      environmentOptions: { netns: { fs: { bind: { '/srv/data': '/there/is/no/such/path' } } } },
    },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode).toBe(1)
  expect(output).toContain('NETNS_OPTIONS_INVALID')
  expect(output).toContain('/there/is/no/such/path')
})

test('fs.keep brings files back to the project, and nothing else', async () => {
  const project = new VitestProject({
    files: {
      'a.test.js': `
        import { mkdirSync, writeFileSync } from 'node:fs'
        import { test } from 'vitest'
        test('writes', () => {
          mkdirSync('artifacts/deep', { recursive: true })
          writeFileSync('artifacts/deep/kept.txt', 'kept')
          writeFileSync('lost.txt', 'lost')
        })`,
      'b.test.js': `
        import { mkdirSync, writeFileSync } from 'node:fs'
        import { test } from 'vitest'
        test('writes and dies', () => {
          mkdirSync('artifacts', { recursive: true })
          writeFileSync('artifacts/before-death.txt', 'kept')
          process.abort()
        })`,
    },
    test: { environmentOptions: { netns: { fs: { keep: ['artifacts/**'] } } } },
  })
  await project.run()
  expect(project.list()).toEqual(
    expect.arrayContaining(['artifacts/before-death.txt', 'artifacts/deep/kept.txt']),
  )
  expect(project.list()).not.toContain('lost.txt')
})

test('env filters what the runner inherited; what Vitest and the config set stays', async () => {
  const project = new VitestProject({
    files: {
      'a.test.js': `
        import { expect, test } from 'vitest'
        test('env', () => {
          const { SECRET_TOKEN, PATH, ALLOWED_ONE, ADDED, OF_CONFIG, VITEST, NODE_ENV } = process.env
          expect({ SECRET_TOKEN, ALLOWED_ONE, ADDED, OF_CONFIG, VITEST, NODE_ENV }).toEqual({
            SECRET_TOKEN: undefined,
            ALLOWED_ONE: '1',
            ADDED: 'yes',
            OF_CONFIG: 'config',
            VITEST: 'true',
            NODE_ENV: 'test',
          })
          expect(PATH).toBe(import.meta.env.PATH)
          expect(Object.keys(process.env).filter((name) => name.startsWith('NETNS_WORKER'))).toEqual([])
        })`,
    },
    test: {
      env: { OF_CONFIG: 'config' },
      environmentOptions: {
        netns: { env: { allow: ['PATH', 'ALLOWED_*'], set: { ADDED: 'yes' } } },
      },
    },
  })
  const { output, exitCode } = await project.run([], { SECRET_TOKEN: 'x', ALLOWED_ONE: '1' })
  expect(exitCode, output).toBe(0)
})
