import { expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { JestProject } from '../support/jest-project.ts'
import { Session } from '../support/session.ts'

test('a debugger of the host reaches the worker of a Jest with --inspect and -i, one port further', async () => {
  const port = await freePort()
  const project = new JestProject({
    files: {
      'a.test.js': `
        const os = require('node:os')
        test('waits for a debugger', async () => {
          await new Promise((resolve) => process.stdout.write('open\\n', resolve))
          while (!os.continued) await new Promise((resolve) => setTimeout(resolve, 5))
        }, 30_000)`,
    },
  })
  const session = new Session(project.startNode([`--inspect=127.0.0.1:${port}`], ['-i']))
  await session.until(/open/)
  const targets = (await (await fetch(`http://127.0.0.1:${port + 1}/json`)).json()) as {
    webSocketDebuggerUrl: string
  }[]
  const socket = new WebSocket(String(targets[0]?.webSocketDebuggerUrl))
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  const params = { expression: `process.getBuiltinModule('node:os').continued = true` }
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }))
  await session.until(/1 passed/)
  socket.close()
  expect((await session.ended).code).toBe(0)
})
