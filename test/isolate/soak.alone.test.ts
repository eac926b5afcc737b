import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { expect, onTestFinished, test } from 'vitest'
import { countsOf, launcherBelow } from '../support/sandbox-counts.ts'
import { hostMounts, initOf, processesWith } from '../support/sandbox-leftovers.ts'
import { VitestProject } from '../support/vitest-project.ts'

test('a thousand sandboxes in one process leave no mount, namespace, descriptor, thread or memory', async () => {
  const isRoot = process.getuid?.() === 0
  let runner = 0
  const server = createServer((_, response) => {
    const launcher = isRoot ? launcherBelow(runner) : 0
    const init = launcher ? initOf(launcher) : undefined
    response.end(JSON.stringify(init === undefined ? {} : countsOf(launcher, init)))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const project = new VitestProject({
    fixture: 'isolate',
    test: {
      provide: { port },
      execArgv: ['--expose-gc'],
      environmentOptions: { netns: { net: { services: [port] } } },
    },
  })
  const before = hostMounts()
  const child = project.start(['run', 'soak.test.ts'])
  runner = child.pid ?? 0
  const { output, exitCode } = await project.finish(child)
  expect(exitCode, output).toBe(0)
  expect(output).toContain('Tests  1 passed (1)')
  if (isRoot) expect(output).toContain('"descriptorsOfPid1"')
  expect(hostMounts()).toEqual(before)
  expect(processesWith(project.directory)).toEqual([])
})
