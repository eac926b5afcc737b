import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import {
  expectNoneWith,
  hostMounts,
  processesWith,
  uniqueSleep,
} from '../support/sandbox-leftovers.ts'
import { VitestProject } from '../support/vitest-project.ts'

test('when the runner is killed while a test is in nested sandboxes, nothing of them is left', async () => {
  const seconds = uniqueSleep()
  const project = new VitestProject({
    files: {
      'a.test.ts': `
        import { isolate } from 'vitest-environment-netns'
        import { test } from 'vitest'
        test('waits', { timeout: 100_000 }, async () => {
          await isolate(async (outer) => {
            await outer.checkpoint()
            await isolate(async (inner) => {
              inner.spawn('sleep', ['${seconds}'], { stdio: 'ignore' })
              await inner.checkpoint()
              process.stdout.write('inside\\n')
              await new Promise(() => {})
            })
          })
        })`,
    },
  })
  const before = hostMounts()
  const child = project.start(['run'])
  let output = ''
  while (!output.includes('inside\n'))
    output += String((await once(child.stdout as Readable, 'data'))[0])
  expect(processesWith(seconds)).toHaveLength(1)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await expectNoneWith(seconds)
  await expectNoneWith(project.directory)
  expect(hostMounts()).toEqual(before)
})
