import { expect, test } from 'vitest'
import { VitestProject, type VitestResult } from '../support/vitest-project.ts'

const callsIsolate = `
  import { isolate } from 'vitest-environment-netns'
  import { test } from 'vitest'
  test('calls isolate', async () => {
    await isolate(() => {})
  })`
const files = { 'a.test.js': callsIsolate }

async function fail(
  project: VitestProject,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { output, exitCode } = await project.run([], env)
  expect(exitCode, output).toBe(1)
  return output
}

test('without the plugin the error has the line to add', async () => {
  const output = await fail(new VitestProject({ files, plain: true }))
  expect(output).toContain('NETNS_NOT_IN_SANDBOX')
  expect(output).toContain("import netns from 'vitest-environment-netns/plugin'")
  expect(output).toContain('plugins: [netns()]')
})

test('in a file of another environment, too', async () => {
  const output = await fail(new VitestProject({ files, test: { environment: 'node' } }))
  expect(output).toContain('NETNS_NOT_IN_SANDBOX')
})

test.for(['threads', 'vmThreads'])('the pool %s is refused by name', async (pool) => {
  const plain = await fail(new VitestProject({ files, plain: true, test: { pool } }))
  expect(plain).toContain('NETNS_POOL_UNSUPPORTED')
  expect(plain).toContain('pool')
})

test('UV_USE_IO_URING=1 is refused by name', async () => {
  const output = await fail(new VitestProject({ files }), { UV_USE_IO_URING: '1' })
  expect(output).toContain('NETNS_IO_URING')
  expect(output).toContain('UV_USE_IO_URING')
})

test('in a thread of a test it is refused', async () => {
  const project = new VitestProject({
    files: {
      'a.test.js': `
        import { Worker } from 'node:worker_threads'
        import { once } from 'node:events'
        import { expect, test } from 'vitest'
        test('thread', async () => {
          const worker = new Worker(new URL('./thread.mjs', import.meta.url))
          expect((await once(worker, 'message'))[0]).toBe('NETNS_POOL_UNSUPPORTED')
        })`,
      'thread.mjs': `
        import { isolate } from 'vitest-environment-netns'
        import { parentPort } from 'node:worker_threads'
        isolate().catch(({ code }) => parentPort.postMessage(code))`,
    },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
})

const loadsKoffi =
  "await isolate((s) => s.run('true', [], { capabilities: ['NET_ADMIN'] }), { net: 'inherit' })"

test.for([
  { what: 'koffi', first: '', left: 0, expected: "{ stage: 'threads' }" },
  { what: 'the way home', first: loadsKoffi, left: 0, expected: "{ errno: 'EMFILE' }" },
  { what: 'the new network', first: '', left: 1, expected: "{ errno: 'EMFILE' }" },
])('with no descriptor for $what it fails, and works again once there is one', async (scene) => {
  const { what, first, left, expected } = scene
  const project = new VitestProject({
    files: {
      'a.test.js': `
        import { closeSync, openSync, readlinkSync } from 'node:fs'
        import { isolate } from 'vitest-environment-netns'
        import { expect, test } from 'vitest'
        const network = () => readlinkSync('/proc/self/ns/net')
        function openAll() {
          const opened = []
          for (;;) try {
            opened.push(openSync('/dev/null'))
          } catch (error) {
            if (error.code !== 'EMFILE') throw error
            return opened
          }
        }
        async function isRefused(left) {
          const before = network()
          const opened = openAll()
          for (const fd of opened.splice(0, left)) closeSync(fd)
          const error = await isolate(() => 'entered').catch((refused) => refused)
          for (const fd of opened) closeSync(fd)
          expect(error).toMatchObject({ code: 'NETNS_ISOLATE_FAILED' })
          expect(network()).toBe(before)
          await isolate(() => expect(network()).not.toBe(before))
          expect(network()).toBe(before)
          return error
        }
        test('${what}', async () => {
          ${first}
          expect(await isRefused(${left})).toMatchObject(${expected})
        })`,
    },
    test: { environmentOptions: { netns: { limits: { openFiles: 256 } } } },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
})

/** A machine like one with `user.max_user_namespaces=0`. */
function runWhereRefused(project: VitestProject): Promise<VitestResult> {
  const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
  return project.finish(project.start(['run'], {}, ['unshare', '-Ur', 'sh', '-c', script, 'sh']))
}

const both = `
  import { existsSync, writeFileSync } from 'node:fs'
  import { createServer } from 'node:http'
  import { isolate } from 'vitest-environment-netns'
  import { expect, test } from 'vitest'
  let last
  for (const n of [1, 2])
    test('needs a directory and a port ' + n, async () => {
      await using sandbox = await isolate()
      last = sandbox.dir
      writeFileSync(sandbox.dir + '/file', '')
      const port = await sandbox.port()
      const server = createServer((_, response) => response.end('here'))
      await new Promise((resolve, reject) => server.listen(port, '127.0.0.1', resolve).once('error', reject))
      expect(await (await fetch('http://127.0.0.1:' + port)).text()).toBe('here')
      server.close()
      server.closeAllConnections()
      expect(await sandbox.run('cat', [], { input: 'x' })).toMatchObject({ exitCode: 0, stdout: 'x' })
    })
  test('the directory is gone', () => expect(existsSync(last)).toBe(false))`

test("a test that uses sandbox.dir and sandbox.port() runs with fallback: 'warn', too, and is told once what is not isolated", async () => {
  const project = new VitestProject({
    files: { 'a.test.ts': both },
    test: { environmentOptions: { netns: { fallback: 'warn' } } },
  })
  const isolated = await project.run()
  expect(isolated.exitCode, isolated.output).toBe(0)
  expect(isolated.output).not.toContain('isolates nothing')
  const { output, exitCode } = await runWhereRefused(project)
  expect(exitCode, output).toBe(0)
  expect(output).toContain('3 passed')
  expect(output.match(/isolate\(\) isolates nothing here/g)).toHaveLength(1)
})

test("what fallback: 'warn' cannot give is an error that says so", async () => {
  const project = new VitestProject({
    files: {
      'a.test.ts': `
        import { isolate } from 'vitest-environment-netns'
        import { expect, test } from 'vitest'
        test.for(['changes', 'checkpoint', 'restore'])('%s', async (method) => {
          await using sandbox = await isolate()
          await expect(sandbox[method]({})).rejects.toMatchObject({
            code: 'NETNS_NOT_IN_SANDBOX',
            message: expect.stringContaining(method + '() needs a sandbox'),
          })
        })`,
    },
    test: { environmentOptions: { netns: { fallback: 'warn' } } },
  })
  const { output, exitCode } = await runWhereRefused(project)
  expect(exitCode, output).toBe(0)
})
