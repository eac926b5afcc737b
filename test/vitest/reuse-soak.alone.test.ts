import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { json } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { countsOf, launchersBelow } from '../support/sandbox-counts.ts'
import { hostMounts, initOf, processesWith } from '../support/sandbox-leftovers.ts'
import { VitestProject } from '../support/vitest-project.ts'

type Counts = Record<string, number>

const fileCount = 300
/** Files that collect their garbage and count. */
const every = 10

/** Leaves what can be left, and tells what the process has. */
const leavesAndTells = `
  import { spawn } from 'node:child_process'
  import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
  import { createServer } from 'node:http'
  import { inject, test } from 'vitest'
  const lines = (path) => readFileSync(path, 'utf8').split('\\n').length
  test('leaves things', async () => {
    writeFileSync('/tmp/left', 'left')
    writeFileSync('left', 'left')
    spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }).unref()
    setInterval(() => {}, 1000)
    await new Promise((resolve) => createServer().listen(80, resolve))
    const url = 'http://127.0.0.1:' + inject('port')
    if (!(await (await fetch(url)).json()).isCounted) return
    globalThis.gc()
    const { heapUsed, external, rss } = process.memoryUsage()
    const counts = {
      mounts: lines('/proc/self/mountinfo'),
      descriptors: readdirSync('/proc/self/fd').length,
      threads: readdirSync('/proc/self/task').length,
      heapKib: Math.round((heapUsed + external) / 1024),
      rssKib: Math.round(rss / 1024),
    }
    await fetch(url, { method: 'POST', body: JSON.stringify(counts) })
  })`

/** The least of a part of the run: what is for the moment does not count. */
function least(counts: readonly Counts[]): Counts {
  const [first = {}] = counts
  return Object.fromEntries(
    Object.keys(first).map((what) => [what, Math.min(...counts.map((one) => one[what] ?? 0))]),
  )
}

test('three hundred files in one process leave no mount, namespace, descriptor, thread or memory', async () => {
  const isRoot = process.getuid?.() === 0
  const seen: Counts[] = []
  let files = 0
  const launchers = new Set<number>()
  let runner = 0
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response.end(JSON.stringify({ isCounted: files++ % every === 0 }))
      return
    }
    void json(request).then((counts) => {
      const [launcher = 0] = launchersBelow(runner)
      launchers.add(launcher)
      const outside = isRoot ? countsOf(launcher, initOf(launcher) ?? 0) : {}
      seen.push({ ...(counts as Counts), ...outside })
      response.end()
    })
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const names = Array.from({ length: fileCount }, (_, index) => `f${index}.test.js`)
  const project = new VitestProject({
    files: Object.fromEntries(names.map((name) => [name, leavesAndTells])),
    test: {
      maxWorkers: 1,
      provide: { port },
      execArgv: ['--expose-gc'],
      environmentOptions: { netns: { reuse: true, net: { services: [port] } } },
    },
  })
  const before = hostMounts()
  const child = project.start(['run'])
  runner = child.pid ?? 0
  const { output, exitCode } = await project.finish(child)
  expect(exitCode, output).toBe(0)
  expect(output).toContain(`Isolated  ${fileCount} files in ${fileCount} sandboxes`)
  expect(output).not.toContain('MaxListenersExceededWarning')
  expect(launchers.size).toBe(1)
  expect(files).toBe(fileCount)
  expect(seen).toHaveLength(fileCount / every)
  // By then caches are filled.
  const { heapKib = 0, rssKib = 0, ...counted } = least(seen.slice(4, 8))
  const last = least(seen.slice(-4))
  for (const [what, count] of Object.entries(counted))
    expect(last[what], what).toBeLessThanOrEqual(count + 1)
  expect(last['heapKib']).toBeLessThan(heapKib + 8192)
  expect(last['rssKib']).toBeLessThan(rssKib * 1.25 + 16_384)
  expect(hostMounts()).toEqual(before)
  expect(processesWith(project.directory)).toEqual([])
})
