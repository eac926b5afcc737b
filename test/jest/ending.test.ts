import { expect, test } from 'vitest'
import { JestProject } from '../support/jest-project.ts'
import { expectNoneWith, uniqueSleep } from '../support/sandbox-leftovers.ts'
import { Session } from '../support/session.ts'

/** A file that starts a child, says so, and then never gives way. */
const hangs = (seconds: string, loop: boolean): string => `
  const { spawn } = require('node:child_process')
  test('hangs', async () => {
    spawn('sleep', ['${seconds}'], { detached: true, stdio: 'ignore' }).unref()
    await new Promise((resolve) => process.stdout.write('hanging\\n', resolve))
    ${loop ? 'for (;;);' : 'await new Promise(() => {})'}
  }, 600_000)`

test.for([
  { how: 'SIGKILL', loop: false },
  { how: 'SIGKILL', loop: true },
  { how: 'SIGTERM', loop: true },
  { how: 'SIGINT', loop: false },
] as const)('nothing is left of a run that ends by %j in the middle', async ({ how, loop }) => {
  const seconds = uniqueSleep()
  const project = new JestProject({
    files: { 'a.test.js': hangs(seconds, loop), 'b.test.js': hangs(seconds, loop) },
  })
  const session = new Session(project.start())
  await session.until(/hanging[^]*hanging/)
  session.process.kill(how)
  await session.ended
  await expectNoneWith(seconds)
  await expectNoneWith(project.directory)
})

test('a run that ends leaves no process, whatever its files left running', async () => {
  const seconds = uniqueSleep()
  const leaves = `
    test('leaves a process', () => {
      require('node:child_process').spawn('sleep', ['${seconds}'], { detached: true, stdio: 'ignore' }).unref()
    })`
  const project = new JestProject({ files: { 'a.test.js': leaves, 'b.test.js': leaves } })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
  expect(output).toContain('Ended  2 processes that tests left running')
  await expectNoneWith(seconds)
})
