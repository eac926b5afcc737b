import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import process from 'node:process'
import type { Step } from '@netns/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startLauncher } from '../support/sandbox-launcher.ts'
import { smallPlan } from '../support/sandbox-plans.ts'

let server: Server
let port: number

beforeEach(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => socket.write(data))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

afterEach(() => server.close())

test.each([100, 101])(
  'connections beyond the limit of open files (%i) wait until others have closed',
  async (limit) => {
    const script = `
const { connect } = require('node:net')
let answered = 0, failed = 0
const tell = () => answered + failed === 70 && console.log(JSON.stringify({ answered, failed }))
for (let n = 0; n < 70; n++) {
  const socket = connect(${port}, '127.0.0.1', () => socket.write('x'))
  socket.on('error', () => { failed++; tell() })
  socket.on('end', () => { failed++; tell() })
  socket.on('data', () => { answered++; tell(); setTimeout(() => socket.destroy(), 200) })
}`
    const steps: Step[] = [
      ...smallPlan,
      ['loopback', 'up'],
      ['listen', String(port), '127.0.0.1', '127.0.0.1'],
    ]
    await using launcher = startLauncher({
      steps,
      // The worker needs one descriptor for each connection, the relay two.
      before: ['prlimit', `--nofile=${limit}:${limit}`],
      command: [process.execPath, '-e', script],
    })
    expect(await launcher.firstLine()).toBe('{"answered":70,"failed":0}')
  },
)
