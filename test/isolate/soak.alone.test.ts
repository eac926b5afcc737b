import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { expect, onTestFinished, test } from 'vitest'
import { childrenOf, hostMounts, initOf, processesWith } from '../support/sandbox-leftovers.ts'
import { VitestProject } from '../support/vitest-project.ts'

/** What only root may look at: the launcher and PID 1, and the namespaces that they and the worker use or hold. */
function countsOf(launcher: number, init: number): Record<string, number> {
  const processes = [launcher, init, ...childrenOf(init)]
  const descriptors = processes.map((pid) => readdirSync(`/proc/${pid}/fd`).length)
  const links = processes.flatMap((pid) => [
    ...linksIn(`/proc/${pid}/ns`),
    ...linksIn(`/proc/${pid}/fd`),
  ])
  return {
    mountsOfPid1: readFileSync(`/proc/${init}/mountinfo`, 'utf8').split('\n').length,
    descriptorsOfLauncher: descriptors[0] ?? 0,
    descriptorsOfPid1: descriptors[1] ?? 0,
    networkNamespaces: new Set(links.filter((link) => link.startsWith('net:'))).size,
  }
}

function linksIn(directory: string): string[] {
  return readdirSync(directory).flatMap((name) =>
    read(() => [readlinkSync(`${directory}/${name}`)]),
  )
}

function read(take: () => string[]): string[] {
  try {
    return take()
  } catch {
    return []
  }
}

/** The launcher of the sandbox in use, beside those that wait for a file. */
function launcherBelow(runner: number): number {
  const cpuTicks = (pid: number): number =>
    Number(
      readFileSync(`/proc/${initOf(pid)}/stat`, 'latin1')
        .split(') ')[1]
        ?.split(' ')[12],
    )
  const launchers = childrenOf(runner).filter((child) => initOf(child) !== undefined)
  return launchers.toSorted((a, b) => cpuTicks(b) - cpuTicks(a))[0] ?? 0
}

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
