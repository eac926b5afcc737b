import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { encodePlan, type Step } from '@netns/core'
import { expect, test } from 'vitest'
import { Launcher, launcherPath } from '../support/sandbox-launcher.ts'
import { sh, smallPlan } from '../support/sandbox-plans.ts'

/* The control socket, asked by whoever is inside: it must not give more than a sandbox has, nor hold up its end. */

const client = fileURLToPath(new URL('../fixtures/sandbox/control-client.cjs', import.meta.url))
const withClient: Step[] = [...smallPlan, ['bind', 'root/client.cjs', client, 'ro,file']]

function start(command: readonly string[], steps: readonly Step[] = withClient): Launcher {
  const args = ['--channel-fd', '3', '--control-fd', '5', '--', ...command]
  return new Launcher(
    spawn(launcherPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] }),
    encodePlan({ steps }),
  )
}

const node = (script: string): string[] => [
  process.execPath,
  '-e',
  `const { ask, send } = require('/client.cjs'); ${script}`,
]

async function outputOf(script: string, steps?: readonly Step[]): Promise<unknown> {
  await using launcher = start(node(script), steps)
  const [stdout, stderr] = await Promise.all([launcher.stdout, launcher.stderr])
  expect({ ending: await launcher.ending, stderr }).toEqual({
    ending: { exitCode: 0, signal: null },
    stderr: '',
  })
  return JSON.parse(stdout)
}

test('a listener that the plan does not name leads nowhere', async () => {
  let heard = 0
  const server = createServer((socket) => {
    heard += 1
    socket.end('from outside')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const script = `
const answer = ask(['build', 'x'], ['listen', '${port}', '127.0.0.1', '127.0.0.1'])
const socket = require('node:net').connect(${port}, '127.0.0.1')
const tell = (what) => { console.log(JSON.stringify(what)); process.exit() }
socket.on('data', (data) => tell(String(data))).on('error', ({ code }) => tell(code)).on('end', () => tell('closed'))`
  const steps: Step[] = [...withClient, ['loopback', 'up']]
  expect(await outputOf(script, steps)).toBeOneOf(['ECONNREFUSED', 'ECONNRESET', 'closed'])
  server.close()
  expect(heard).toBe(0)
})

test('a worker that asks and never reads loses the socket, and can be ended', async () => {
  const script = `
try { for (;;) send(['mark']) } catch ({ code }) { console.log(code) }
setInterval(() => {}, 1000)`
  await using launcher = start(node(script))
  expect(await launcher.firstLine()).toBeOneOf(['EPIPE', 'ECONNRESET'])
  launcher.process.kill('SIGTERM')
  expect(await launcher.ending).toEqual({ exitCode: null, signal: 'SIGTERM' })
})

test('a root of the same name is refused, and the first stays usable', async () => {
  const script = `
const answers = [ask(['build', 'a']), ask(['build', 'a']), ask(['build', 'file']), ask(['enter', 'a']), ask(['enter', 'file'])]
console.log(JSON.stringify(answers.map(({ ok, errno }) => ok || errno)))`
  expect(await outputOf(script)).toEqual([true, 17, 17, true, true])
})

test("with the host's network no other network can be had, and the sandbox goes on", async () => {
  const steps = withClient.map((step): Step =>
    step[0] === 'namespaces' ? ['namespaces', 'user', 'mount', 'pid', 'ipc', 'uts'] : step,
  )
  const script = `
const answers = [ask(['network', '1']), ask(['mark'])]
console.log(JSON.stringify(answers.map(({ ok, errno }) => ok || errno)))`
  expect(await outputOf(script, steps)).toEqual([95, true])
})

const isRoot = process.geteuid?.() === 0
if (isRoot)
  test('a /proc that root has replaced does not hold up the end', async () => {
    const script =
      'umount -l /proc && mkdir -p /proc/self/net && mkfifo /proc/self/net/snmp && echo replaced'
    await using launcher = start(sh(script))
    expect(await launcher.firstLine()).toBe('replaced')
    expect(await launcher.ending).toEqual({ exitCode: 0, signal: null })
    expect(await launcher.event('ended')).toMatchObject({ noRoute: { ipv4: 0, ipv6: 0 } })
  })
