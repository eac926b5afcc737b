import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Step } from '@netns/core'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { runLauncher, startLauncher, type Launcher } from '../support/sandbox-launcher.ts'
import { childrenOf } from '../support/sandbox-leftovers.ts'
import { node, sh, smallPlan } from '../support/sandbox-plans.ts'

const fixtures = fileURLToPath(new URL('../fixtures/sandbox', import.meta.url))
const families = [
  { family: 'IPv4', host: '127.0.0.1' },
  { family: 'IPv6', host: '::1' },
] as const

const relayed = (port: number, host: string): Step[] => [
  ...smallPlan,
  ['bind', `root${fixtures}`, fixtures, 'ro'],
  ['loopback', 'up'],
  ['listen', String(port), host, host],
]

const client = (task: string, port: number, host: string) => [
  ...node,
  `${fixtures}/relay-client.mjs`,
  task,
  String(port),
  host,
]

/** A server outside, closed with all its connections when the test ends. */
async function listen(server: Server, host: string): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen({ port: 0, host })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** What a client inside found. */
async function ask(task: string, port: number, host: string): Promise<unknown> {
  const command = client(task, port, host)
  const { stdout, stderr } = await runLauncher({ steps: relayed(port, host), command })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

const startClient = (task: string, port: number, host: string): Launcher =>
  startLauncher({ steps: relayed(port, host), command: client(task, port, host), stdin: 'pipe' })

/** The JSON after the lines that the client said before. */
const answerOf = async (launcher: Launcher): Promise<unknown> =>
  JSON.parse((await launcher.stdout).split('\n').at(-1) ?? '')

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const echoServer = () =>
  createHttpServer(async (request, response) => response.end(`echo ${await text(request)}`))

const descriptorsOf = (pid = 0) => readdirSync(`/proc/${pid}/fd`).length
const residentKiB = (pid = 0) =>
  Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
/** Clock ticks of processor time that a process has used. */
const ticksOf = (pid = 0) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

describe.each(families)('over $family', ({ host }) => {
  test('a thousand requests at the same time are all answered, each with its own answer', async () => {
    const port = await listen(echoServer(), host)
    expect(await ask('parallel', port, host)).toEqual([])
  })

  test('a child process reaches a service too', async () => {
    const port = await listen(echoServer(), host)
    const url = `http://${host === '::1' ? '[::1]' : host}:${port}/`
    const command = ['curl', '-sS', '--data', 'from-a-child', url]
    const { stdout } = await runLauncher({ steps: relayed(port, host), command })
    expect(stdout).toBe('echo from-a-child')
  })

  test('a port that was not opened is refused', async () => {
    const port = await listen(echoServer(), host)
    const other = await listen(echoServer(), host)
    const command = client('connect', other, host)
    const { stdout } = await runLauncher({ steps: relayed(port, host), command })
    expect(JSON.parse(stdout)).toEqual({ code: 'ECONNREFUSED' })
  })

  test('a service that has gone away outside resets the connection', async () => {
    const server = echoServer()
    const port = await listen(server, host)
    server.close()
    await once(server, 'close')
    expect(await ask('connect', port, host)).toEqual({ code: 'ECONNRESET' })
  })

  test('a client that ends its direction first still gets the whole answer', async () => {
    const server = createServer({ allowHalfOpen: true }, async (socket) => {
      const question = await text(socket)
      socket.end(`answer to ${question}`.padEnd(300_000, '.'))
    })
    const port = await listen(server, host)
    expect(await ask('halfCloseFirst', port, host)).toBe('answer to question'.padEnd(300_000, '.'))
  })

  test('a server that ends its direction first still gets everything from the client', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.end('greeting'))
    const all = connectionOf(server).then(text)
    const port = await listen(server, host)
    expect(await ask('halfCloseLast', port, host)).toBe('greeting')
    expect(await all).toBe('after the end of greeting')
  })

  test('forty megabytes arrive unchanged in either direction', async () => {
    const bytes = Buffer.alloc(40_000_000, 'bytes of the server ')
    const down = await listen(
      createServer((socket) => socket.end(bytes)),
      host,
    )
    expect(await ask('download', down, host)).toEqual([bytes.length, sha256(bytes)])
    const upServer = createServer({ allowHalfOpen: true }, async (socket) => {
      const chunks: Buffer[] = await socket.toArray()
      socket.end(sha256(Buffer.concat(chunks)))
    })
    const up = await listen(upServer, host)
    const [sent, received] = (await ask('upload', up, host)) as string[]
    expect(received).toBe(sent)
  })
})

describe('back-pressure', () => {
  const host = '127.0.0.1'

  test('a server that does not read stalls the sender; memory stays small; nothing is lost', async () => {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true })
    const connected = connectionOf(server)
    const port = await listen(server, host)
    await using launcher = startClient('stall', port, host)
    const accepted = Number(await launcher.firstLine())
    // What the kernel's socket buffers hold, on both sides.
    expect(accepted).toBeLessThan(32_000_000)
    expect(residentKiB(launcher.process.pid)).toBeLessThan(20_000 + sanitizerKiB)
    const socket = await connected
    launcher.process.stdin?.write('go on\n')
    let length = 0
    for await (const chunk of socket) length += (chunk as Buffer).length
    socket.end('done')
    expect(length).toBe(64_000_000)
    expect(await answerOf(launcher)).toBe('done')
  })

  test('a client that does not read stalls the server; memory stays small; nothing is lost', async () => {
    const server = createServer()
    const connected = connectionOf(server)
    const port = await listen(server, host)
    await using launcher = startClient('slowReader', port, host)
    expect(await launcher.firstLine()).toBe('paused')
    const sent = sendAll(await connected)
    expect(await settled(() => sent.bytes)).toBeLessThan(32_000_000)
    expect(residentKiB(launcher.process.pid)).toBeLessThan(20_000 + sanitizerKiB)
    launcher.process.stdin?.write('go on\n')
    expect(await answerOf(launcher)).toEqual([64_000_000, sha256(Buffer.alloc(64_000_000, 'y'))])
  })

  test('one slow connection does not hold up another', async () => {
    const slow = await listen(createServer({ pauseOnConnect: true }), host)
    const quick = await listen(echoServer(), host)
    const steps: Step[] = [...relayed(slow, host), ['listen', String(quick), host, host]]
    // The first client says a line when it cannot go on.
    const script = '"$@" | { read line; curl -sS --data x "http://$0/"; kill -TERM -1; }'
    const command = sh(script, `${host}:${quick}`, ...client('stall', slow, host))
    const { stdout } = await runLauncher({ steps, command })
    expect(stdout).toBe('echo x')
  })
})

async function connectionOf(server: Server): Promise<Socket> {
  const [socket] = await once(server, 'connection')
  return socket as Socket
}

/** Sends 64 MB and ends; `bytes` is what the kernel has taken so far. */
function sendAll(socket: Socket): { bytes: number } {
  const chunk = Buffer.alloc(64_000, 'y')
  const sent = { bytes: 0 }
  const next = (): void => {
    if (sent.bytes >= 64_000_000) socket.end()
    else
      socket.write(chunk, () => {
        sent.bytes += chunk.length
        next()
      })
  }
  next()
  return sent
}

/** AddressSanitizer needs memory of its own. */
const sanitizerKiB = process.env['NETNS_LAUNCHER'] ? 100_000 : 0

async function settled(read: () => number): Promise<number> {
  let before = -1
  await vi.waitUntil(
    () => {
      const now = read()
      const isSettled = now === before && now > 0
      before = now
      return isSettled
    },
    { interval: 200, timeout: 20_000 },
  )
  return before
}

describe('connections', () => {
  const host = '127.0.0.1'

  test('when the client inside is killed the server outside sees the end', async () => {
    const server = createServer((socket) => socket.resume())
    const connected = connectionOf(server)
    const port = await listen(server, host)
    const script = '"$@" & wait $!; echo over; sleep 100'
    await using launcher = startLauncher({
      steps: relayed(port, host),
      command: sh(script, 'sh', ...client('stay', port, host)),
    })
    expect(await launcher.firstLine()).toBe('connected')
    const ended = once(await connected, 'close')
    const { hostPid } = await launcher.event('started')
    const [worker] = childrenOf(Number(hostPid))
    process.kill(childrenOf(worker ?? 0)[0] ?? 0, 'SIGKILL')
    await ended
    expect(launcher.process.exitCode).toBeNull()
  })

  test('when the server outside resets the client inside sees it', async () => {
    const server = createServer((socket) => socket.resetAndDestroy())
    const port = await listen(server, host)
    await using launcher = startClient('stay', port, host)
    expect(await answerOf(launcher)).toBe('ECONNRESET')
  })

  test('when the sandbox is killed the server outside sees the end', async () => {
    const server = createServer((socket) => socket.resume())
    const connected = connectionOf(server)
    const port = await listen(server, host)
    await using launcher = startClient('stay', port, host)
    await launcher.firstLine()
    const ended = once(await connected, 'close')
    launcher.process.kill('SIGKILL')
    await ended
  })

  test('closed connections leave no descriptor in the launcher', async () => {
    const port = await listen(echoServer(), host)
    const script = '"$@"; echo; read line'
    await using launcher = startLauncher({
      steps: relayed(port, host),
      command: sh(script, 'sh', ...client('parallel', port, host)),
      stdin: 'pipe',
    })
    const pid = launcher.process.pid
    expect(await launcher.firstLine()).toBe('[]')
    await vi.waitFor(() => expect(descriptorsOf(pid)).toBeLessThan(16), 5000)
  })

  test.each([
    { what: 'idle', task: 'stay', server: () => createServer(() => {}) },
    {
      what: 'half closed',
      task: 'linger',
      server: () => createServer({ allowHalfOpen: true }, (socket) => socket.end()),
    },
  ])('a connection that is $what costs no processor time', async ({ task, server }) => {
    const port = await listen(server(), host)
    await using launcher = startClient(task, port, host)
    await launcher.firstLine()
    const before = ticksOf(launcher.process.pid)
    await new Promise((resolve) => setTimeout(resolve, 500))
    // A loop that never waits would have used about fifty.
    expect(ticksOf(launcher.process.pid) - before).toBeLessThan(5)
  })
})

test('a service answers for as long as the worker runs, also after a thousand connections', async () => {
  const port = await listen(echoServer(), '127.0.0.1')
  const once1000 = client('parallel', port, '127.0.0.1')
    .map((word) => `'${word}'`)
    .join(' ')
  const command = sh(`${once1000}; ${once1000}; ${once1000}`)
  const { stdout } = await runLauncher({ steps: relayed(port, '127.0.0.1'), command })
  expect(stdout).toBe('[][][]')
})
