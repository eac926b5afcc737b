import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that the kernel gives to connections, one of which could take it before the caller does. */
const [FIRST, LAST] = [10_000, 32_000]

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch {
    return freePort()
  }
  await new Promise((resolve) => server.close(resolve))
  return port
}
