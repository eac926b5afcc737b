import { createServer, type AddressInfo, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { VitestProject } from '../support/vitest-project.ts'

const globalSetup = fileURLToPath(new URL('../fixtures/vitest/servers.mjs', import.meta.url))

const helpers = `
  import { createConnection } from 'node:net'
  import { execFileSync } from 'node:child_process'
  import { expect, inject, test } from 'vitest'
  const connect = (port, host = '127.0.0.1') => new Promise((resolve) => {
    const socket = createConnection({ port, host })
    socket.once('connect', () => resolve('connected')).once('error', (error) => resolve(error.code))
    socket.once('connect', () => socket.destroy())
  })`

test('what globalSetup opened answers inside, on both families, from Node and from a child', async () => {
  const project = new VitestProject({
    files: {
      'a.test.js': `${helpers}
        const { http, tcp } = inject('ports')
        test('http', async () => {
          for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
            const response = await fetch('http://' + host + ':' + http + '/x')
            expect(await response.text()).toBe('served /x')
          }
        })
        test('a thousand requests at once', { timeout: 40_000 }, async () => {
          const all = Array.from({ length: 1000 }, async (_, index) => {
            const response = await fetch('http://127.0.0.1:' + http + '/' + index)
            return response.text()
          })
          expect(await Promise.all(all)).toEqual(all.map((_, index) => 'served /' + index))
        })
        test('a half-closed connection with more than a buffer of data', async () => {
          const data = Buffer.alloc(4_000_000)
          const answer = await new Promise((resolve, reject) => {
            const socket = createConnection({ port: tcp, host: '127.0.0.1' })
            let text = ''
            socket.on('data', (chunk) => (text += chunk)).once('end', () => resolve(text)).once('error', reject)
            socket.end(data)
          })
          expect(answer).toBe('took 4000000')
        })
        test('from a child', () => {
          const script = 'fetch("http://127.0.0.1:' + http + '/child").then((r) => r.text()).then(console.log)'
          expect(String(execFileSync(process.execPath, ['-e', script]))).toBe('served /child\\n')
        })`,
    },
    test: { globalSetup },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
})

test('a port that was open before globalSetup is refused', async () => {
  const port = await openPort()
  const project = new VitestProject({
    files: {
      'a.test.js': `${helpers}
        test('refused', async () => {
          expect(await connect(${port})).toBe('ECONNREFUSED')
          expect(await connect(inject('ports').tcp)).toBe('connected')
        })`,
    },
    test: { globalSetup },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
})

test('services: a list names ports that answer, [] none', async () => {
  const port = await openPort()
  const asks = (expected: string): string => `${helpers}
    test('asks', async () => expect(await connect(${port})).toBe('${expected}'))`
  for (const [services, expected] of [
    [[port], 'connected'],
    [[], 'ECONNREFUSED'],
  ] as const) {
    const project = new VitestProject({
      files: { 'a.test.js': asks(expected) },
      test: { environmentOptions: { netns: { net: { services } } } },
    })
    const { output, exitCode } = await project.run()
    expect(exitCode, output).toBe(0)
  }
})

test('with services: [] nothing that globalSetup opened answers', async () => {
  const project = new VitestProject({
    files: {
      'a.test.js': `${helpers}
        test('refused', async () => expect(await connect(inject('ports').http)).toBe('ECONNREFUSED'))`,
    },
    test: { globalSetup, environmentOptions: { netns: { net: { services: [] } } } },
  })
  const { output, exitCode } = await project.run()
  expect(exitCode, output).toBe(0)
})

async function openPort(): Promise<number> {
  const server: Server = createServer((socket) => socket.end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}
