import { expect, test } from 'vitest'
import { VitestProject } from '../support/vitest-project.ts'
import { freePort } from '../support/free-port.ts'
import { Session } from '../support/session.ts'

const settings = [
  {},
  { environmentOptions: { netns: { reuse: true } } },
  { isolate: false },
] as const

test.for(settings)(
  'with %j a debugger of the host reaches a worker that runs with --inspect',
  async (settings) => {
    const port = await freePort()
    const project = new VitestProject({
      files: {
        'a.test.js': `
        import { test } from 'vitest'
        test('waits for a debugger', { timeout: 30_000 }, async () => {
          await new Promise((resolve) => process.stdout.write('open\\n', resolve))
          while (!globalThis.continued) await new Promise((resolve) => setTimeout(resolve, 5))
        })`,
      },
      test: settings,
    })
    const session = new Session(
      project.start(['run', `--inspect=127.0.0.1:${port}`, '--no-file-parallelism']),
    )
    await session.until(/open/)
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
      webSocketDebuggerUrl: string
    }[]
    const socket = new WebSocket(String(targets[0]?.webSocketDebuggerUrl))
    await new Promise((resolve) => socket.addEventListener('open', resolve))
    const params = { expression: 'globalThis.continued = true' }
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }))
    await session.until(/1 passed/)
    socket.close()
    expect((await session.ended).code).toBe(0)
  },
)
