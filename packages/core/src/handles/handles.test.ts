import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync, watch, watchFile } from 'node:fs'
import { watch as watchAsync } from 'node:fs/promises'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clearTimeout as clear, setTimeout as later } from 'node:timers'
import { setInterval as ticks, setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { MessageChannel, Worker } from 'node:worker_threads'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openScope } from './scope.ts'
import { trackHandles } from './track-handles.ts'

const original = [setTimeout.name, setTimeout.length, setInterval.name, setImmediate.name]
trackHandles()

const descriptions = (scope: ReturnType<typeof openScope>): string[] =>
  scope.close().map(({ kind, description }) => `${kind}: ${description}`)

async function listen(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'netns-handles-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

test('a server that is left open is closed, and listed with its address and the place where it began', async () => {
  const scope = openScope()
  const server = net.createServer()
  const port = await listen(server)
  const [leak, ...others] = scope.close()
  expect(leak).toMatchObject({ kind: 'server', description: `server on 127.0.0.1:${port}` })
  expect(leak?.stack).toMatch(/^at listen .*handles\.test\.ts/)
  expect(others).toEqual([])
  expect(server.listening).toBe(false)
  expect(await listen(net.createServer().unref())).toBeGreaterThan(0)
})

test('a server that was unreferenced, and one that was closed', async () => {
  const scope = openScope()
  const server = net.createServer().unref()
  const port = await listen(server)
  server.unref()
  const closed = net.createServer()
  await listen(closed)
  closed.close()
  expect(descriptions(scope)).toEqual([`server: server on 127.0.0.1:${port}`])
  expect(server.listening).toBe(false)
})

test('what was open before the scope stays open', async () => {
  const server = http.createServer((_request, response) => response.end('still here'))
  const port = await listen(server)
  const scope = openScope()
  expect(scope.close()).toEqual([])
  const answer = await fetch(`http://127.0.0.1:${port}`)
  expect(await answer.text()).toBe('still here')
  server.close()
})

test('both ends of a connection are closed', async () => {
  const scope = openScope()
  const server = net.createServer()
  const port = await listen(server)
  const client = net.connect(port, '127.0.0.1')
  await Promise.all([once(server, 'connection'), once(client, 'connect')])
  expect(descriptions(scope).toSorted()).toEqual([
    `server: server on 127.0.0.1:${port}`,
    `socket: connection from a client of 127.0.0.1:${port}`,
    `socket: connection to 127.0.0.1:${port}`,
  ])
  expect(client.destroyed).toBe(true)
})

test.for(['fetch', 'http'] as const)(
  'a connection that %s keeps alive does not reach the next server on its port',
  async (client) => {
    const get = (port: number): Promise<string> =>
      client === 'fetch'
        ? fetch(`http://127.0.0.1:${port}`).then((answer) => answer.text())
        : getWithHttp(port)
    const scope = openScope()
    const first = http.createServer((_request, response) => response.end('first'))
    const port = await listen(first)
    expect(await get(port)).toBe('first')
    expect(descriptions(scope)).toContainEqual(
      expect.stringMatching(`(socket|keep-alive): .*connection to 127.0.0.1:${port}`),
    )
    const second = http.createServer((_request, response) => response.end('second'))
    second.listen(port, '127.0.0.1')
    await once(second, 'listening')
    expect(await get(port)).toBe('second')
    second.close()
    second.closeAllConnections()
  },
)

async function getWithHttp(port: number): Promise<string> {
  const request = http.get({ port, host: '127.0.0.1' })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const chunks = await response.toArray()
  return chunks.join('')
}

test('a request that is under way fails without an error of the process', async () => {
  const scope = openScope()
  const server = http.createServer()
  const port = await listen(server)
  const request = http.get({ port, host: '127.0.0.1' })
  await once(server, 'request')
  expect(descriptions(scope)).toHaveLength(2)
  await new Promise((resolve) => {
    request.once('close', resolve)
  })
})

test('timers that are pending never fire; those that fired or were cleared are not listed', async () => {
  const scope = openScope()
  const fired = vi.fn()
  setInterval(fired, 1000)
  later(fired, 20)
  setImmediate(fired)
  clear(later(fired, 20))
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
  setImmediate(fired)
  const calls = fired.mock.calls.length
  expect(descriptions(scope)).toEqual([
    'timer: setInterval 1000 ms',
    'timer: setTimeout 20 ms',
    'timer: setImmediate',
  ])
  await sleep(40)
  expect(fired).toHaveBeenCalledTimes(calls)
})

test('a timer is listed with the place where it began', () => {
  const scope = openScope()
  setTimeout(() => {}, 5000)
  expect(scope.close()[0]?.stack).toContain('handles.test.ts')
})

test('promises of timers are rejected, and their iterators end', async () => {
  const scope = openScope()
  const waiting = [sleep(5000), promisify(setTimeout)(6000)]
  const iterator = ticks(7000)[Symbol.asyncIterator]()
  waiting.push(iterator.next() as Promise<never>)
  await sleep(1)
  expect(descriptions(scope)).toEqual([
    'timer: setTimeout 5000 ms',
    'timer: setTimeout 6000 ms',
    'timer: setInterval 7000 ms',
  ])
  const settled = await Promise.allSettled(waiting)
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
})

test('timer functions look like those of Node, also after fake timers', () => {
  expect([setTimeout.name, setTimeout.length, setInterval.name, setImmediate.name]).toEqual(
    original,
  )
  expect(promisify(setTimeout)).toBe(sleep)
  const scope = openScope()
  vi.useFakeTimers()
  setTimeout(() => {}, 1000)
  vi.useRealTimers()
  setTimeout(() => {}, 2000)
  expect(descriptions(scope)).toEqual(['timer: setTimeout 2000 ms'])
})

test('watchers of files are closed', async () => {
  const directory = temporaryDirectory()
  const scope = openScope()
  watch(directory)
  watch(directory, { persistent: false })
  watch(directory, { recursive: true })
  watch(directory).close()
  const iterator = watchAsync(directory)[Symbol.asyncIterator]()
  void iterator.next()
  watchFile(join(directory, 'file'), () => {})
  expect(descriptions(scope).toSorted()).toEqual([
    'watcher: fs.watch',
    'watcher: fs.watch',
    'watcher: fs.watch',
    'watcher: fs.watch',
    `watcher: fs.watchFile ${directory}/file`,
  ])
  expect(openScope().close()).toEqual([])
})

test('UDP sockets, message ports and threads are closed', async () => {
  const scope = openScope()
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  const { port1 } = new MessageChannel()
  port1.on('message', () => {})
  const thread = new Worker('setInterval(() => {}, 1000)', { eval: true })
  await once(thread, 'online')
  const ended = new Worker('', { eval: true })
  await once(ended, 'exit')
  expect(descriptions(scope).toSorted()).toEqual([
    'port: message port',
    `server: UDP socket on 127.0.0.1:${port}`,
    'worker: worker thread',
  ])
  expect(await scope.settled()).toEqual([])
  expect(thread.threadId).toBe(-1)
})

test('standard streams stay open, and so does a child, but nobody hears of its end', async () => {
  const scope = openScope()
  const child = spawn('cat')
  const heard = vi.fn()
  child.on('exit', heard)
  await once(child, 'spawn')
  expect(scope.close()).toEqual([])
  expect(process.stdout.writable).toBe(true)
  expect(child.exitCode).toBeNull()
  await vi.waitUntil(() => child.exitCode !== null)
  expect(heard).not.toHaveBeenCalled()
})

test('an inner scope closes what began in it, and the outer one the rest', () => {
  const outer = openScope()
  setTimeout(() => {}, 1000)
  const inner = openScope()
  setTimeout(() => {}, 2000)
  expect(descriptions(inner)).toEqual(['timer: setTimeout 2000 ms'])
  expect(descriptions(outer)).toEqual(['timer: setTimeout 1000 ms'])
  expect(outer.close()).toEqual([])
})

test('kinds that are excepted stay open', async () => {
  const scope = openScope()
  const fired = new Promise((resolve) => {
    setTimeout(resolve, 10)
  })
  await listen(net.createServer())
  expect(scope.close(['timer'])).toMatchObject([{ kind: 'server' }])
  await fired
})

test('a dispatcher that was set is taken back', async () => {
  const symbol = Symbol.for('undici.globalDispatcher.1')
  const globals = globalThis as unknown as Record<symbol, object>
  await fetch('data:,')
  const before = globals[symbol]
  const scope = openScope()
  globals[symbol] = { dispatch: vi.fn() }
  expect(scope.close()).toEqual([])
  expect(globals[symbol]).toBe(before)
})
