import { once } from 'node:events'
import { Agent, createServer, get } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeIdleConnections } from './idle-connections.ts'
import { trackHandles } from './track-handles.ts'

trackHandles()
const accepted: Socket[] = []
const server = createServer((request, response) => {
  if (request.url !== '/slow') response.end('x')
}).on('connection', (socket) => accepted.push(socket))
let url: string

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** The connection of the next request is another one, or the same. */
async function closes(request: () => Promise<unknown>): Promise<boolean> {
  await request()
  const before = accepted.length
  await closeIdleConnections()
  await request()
  return accepted.length > before
}

test('what fetch keeps for its next request is closed', async () => {
  expect(await closes(async () => (await fetch(url)).text())).toBe(true)
})

test('what an agent keeps for its next request is closed', async () => {
  const agent = new Agent({ keepAlive: true })
  const request = async (): Promise<void> => {
    const [response] = await once(get(url, { agent }), 'response')
    response.resume()
    await once(response, 'end')
  }
  expect(await closes(request)).toBe(true)
  agent.destroy()
})

test('a request that waits for its answer, and a connection of another protocol without a hold, stay', async () => {
  const address = server.address() as AddressInfo
  const other = connect(address.port, '127.0.0.1').unref()
  await once(other, 'connect')
  const failures: unknown[] = []
  const agent = new Agent({ keepAlive: true })
  const waiting = get(`${url}slow`, { agent }).on('error', (error) => failures.push(error))
  const slow = fetch(`${url}slow`, { signal: AbortSignal.timeout(10_000) })
  slow.catch((error: unknown) => failures.push(error))
  await once(server, 'request')
  await closeIdleConnections()
  expect({ failures, isDestroyed: other.destroyed }).toEqual({ failures: [], isDestroyed: false })
  other.destroy()
  waiting.destroy()
  agent.destroy()
})
