import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { expectNoneWith, hostMounts, uniqueSleep } from '../support/sandbox-leftovers.ts'
import { docblock, VitestProject } from '../support/vitest-project.ts'
import { Session } from '../support/session.ts'

/** A file that starts a child, says so, and then never gives way. */
const hangs = (seconds: string, loop: boolean): string => `
  import { spawn } from 'node:child_process'
  import { test } from 'vitest'
  test('hangs', { timeout: 600_000 }, async () => {
    spawn('sleep', ['${seconds}'], { detached: true, stdio: 'ignore' }).unref()
    await new Promise((resolve) => process.stdout.write('hanging\\n', resolve))
    ${loop ? 'for (;;);' : 'await new Promise(() => {})'}
  })`

test.for([
  { how: 'SIGKILL', loop: false },
  { how: 'SIGKILL', loop: true },
  { how: 'SIGTERM', loop: false },
  { how: 'SIGTERM', loop: true },
] as const)('nothing is left of a run that ends by %j in the middle', async ({ how, loop }) => {
  const seconds = uniqueSleep()
  const project = new VitestProject({
    files: { 'a.test.js': hangs(seconds, loop), 'b.test.js': hangs(seconds, loop) },
    test: { maxWorkers: 2 },
  })
  const mounts = hostMounts()
  const session = new Session(project.start(['run']))
  await session.until(/hanging[^]*hanging/)
  session.process.kill(how)
  await session.ended
  await expectNoneWith(seconds)
  await expectNoneWith(project.directory)
  expect(hostMounts()).toEqual(mounts)
})

test('Ctrl-C ends a run at once and leaves nothing', async () => {
  const seconds = uniqueSleep()
  const project = new VitestProject({ files: { 'a.test.js': hangs(seconds, false) } })
  const session = new Session(project.start(['run']))
  await session.until(/hanging/)
  session.signalGroup('SIGINT')
  const { code } = await session.ended
  expect(code).toBe(130)
  await expectNoneWith(seconds)
  await expectNoneWith(project.directory)
})

test('a run that ends leaves no process, no mount and no directory', async () => {
  const seconds = uniqueSleep()
  const marker = randomUUID()
  const project = new VitestProject({
    files: {
      'a.test.js': `
        import { spawn } from 'node:child_process'
        import { mkdirSync, writeFileSync } from 'node:fs'
        import { expect, test } from 'vitest'
        test('leaves things', () => {
          spawn('sleep', ['${seconds}'], { detached: true, stdio: 'ignore' }).unref()
          for (const place of ['/tmp', '/var/tmp', '/dev/shm', '/run', process.cwd()]) {
            writeFileSync(place + '/${marker}', 'left')
          }
          expect(1).toBe(1)
        })`,
    },
  })
  const mounts = hostMounts()
  const temporary = readdirSync(tmpdir()).toSorted()
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(output).toContain('1 process that tests left running')
  await expectNoneWith(seconds)
  expect(hostMounts()).toEqual(mounts)
  expect(project.list()).toEqual(['a.test.js', 'package.json', 'vitest.config.mjs'])
  for (const place of ['/tmp', '/var/tmp', '/dev/shm', '/run']) {
    expect(readdirSync(place)).not.toContain(marker)
  }
  expect(temporary).toContain(project.directory.slice(tmpdir().length + 1))
})

test('a worker that was started ahead and that no file takes is ended and not counted', async () => {
  const passes = `
    import { expect, test } from 'vitest'
    test('passes', () => expect(1).toBe(1))`
  const others = ['b', 'c', 'd'].map((name) => [`${name}.test.js`, docblock('node') + passes])
  const project = new VitestProject({
    files: { 'a.test.js': passes, ...(Object.fromEntries(others) as Record<string, string>) },
    test: { maxWorkers: 1, sequence: { shuffle: { files: true }, seed: 1 } },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(output).toContain('Isolated  1 file in 1 sandbox')
  await expectNoneWith(project.directory)
})
