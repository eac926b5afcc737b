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
const [EPERM, ENOENT, EBUSY, EEXIST, EINVAL, EPROTO, ENOTSUP] = [1, 2, 16, 17, 22, 71, 95]
const withClient: Step[] = [...smallPlan, ['bind', 'root/client.cjs', client, 'ro,file']]

/** With a directory that takes writes, and one to mount at. */
const withPlaces: Step[] = [
  ...withClient,
  ['tmpfs', 'root/place', '755', '-', '-', '-'],
  ['tmpfs', 'root/mnt', '755', '-', '-', '-'],
]

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
const answer = ask(['enter', 'x', 'file', '-'], ['listen', '${port}', '127.0.0.1', '127.0.0.1'])
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

/** Whether each request went well, else the error number. */
async function answersOf(requests: string, steps?: readonly Step[]): Promise<unknown> {
  const script = `
const fs = require('node:fs')
const answers = [${requests}]
console.log(JSON.stringify(answers.map(({ ok, errno }) => ok || errno)))`
  return outputOf(script, steps)
}

test('a root of the same name is refused, and the first stays usable', async () => {
  const requests = `
ask(['enter', 'a', 'file', '-']), ask(['enter', 'a', 'file', '-']), ask(['enter', 'file', 'file', '-']),
ask(['return', 'file']), ask(['return', 'a']), ask(['return', 'file'])`
  expect(await answersOf(requests)).toEqual([true, EEXIST, EEXIST, true, true, true])
})

test('roots that are not there, dropped, or in use are refused', async () => {
  const requests = `
ask(['enter', 'a', 'nowhere', '-']), ask(['return', 'nowhere']), ask(['end', 'nowhere']),
ask(['drop', 'file']), ask(['enter', 'a', 'file', '-']), ask(['drop', 'a']), ask(['changes', 'file', 'a']),
ask(['return', 'file'], ['drop', 'a']), ask(['return', 'a']), ask(['enter', '', 'file', '-']),
ask(['enter', 'x'.repeat(4096), 'file', '-']), ask(['enter', '../../x', 'file', '-']), ask(['enter', 'spare', 'file', '-'])`
  expect(await answersOf(requests)).toEqual([
    ENOENT,
    ENOENT,
    ENOENT,
    EBUSY,
    true,
    EBUSY,
    EINVAL,
    true,
    ENOENT,
    EEXIST,
    EINVAL,
    true, // a name is no path
    true,
  ])
})

test('requests that make no sense are refused, and the next one is answered', async () => {
  const requests = `
ask(['rm', '-rf']), ask(['enter', 'a']), ask(['network']), ask(['enter', 'a', 'file', '-'], ['unknown', 'root/x']),
ask(['unlisten', '77']), ask(['unlisten', '-1']), ask(['unlisten', 'x']), ask(['spare', 'nowhere']), ask(['mark'])`
  const expected = [EPROTO, EPROTO, EPROTO, EPERM, true, true, true, true, true]
  expect(await answersOf(requests)).toEqual(expected)
})

/* What a plan may have, and a worker may not ask for. */
const refused: string[][] = [
  ['lower', 'x', '/'],
  ['overlay', 'root/mnt', 'x', 'x'],
  ['copy', 'root/mnt', '/etc', '-'],
  ['sysctl', 'kernel/hostname', 'x'],
  ['sysctl', 'net/ipv4/ip_forward', '1'],
  ['bind', 'root/mnt', '/', 'rec'],
  ['bind', 'root/mnt', '/', 'ro,rec'],
  ['bind', 'l/mnt', '/', 'present,rec'],
  ['tmpfs', 'l/x', '755', '-', '-', '-'],
  ['proc', 'root/proc'],
  ['namespaces', 'net'],
  ['store', '-'],
  ['pivot'],
  ['capability', 'sys_admin'],
  ['rlimit', 'nofile', '1'],
  ['loopback', 'up'],
  ['mask', '../x'],
  ['mkdir', 'x', '755', '-', '-'],
  ['file', 'u/x', '644', '-', '-', 'text'],
]

test('steps that give more than the worker has are refused, and nothing of the root is made', async () => {
  const requests = refused.map(
    (step) => `ask(['enter', 'a', 'file', '-'], ${JSON.stringify(step)})`,
  )
  const answers = await answersOf([...requests, `ask(['enter', 'a', 'file', '-'])`].join())
  expect(answers).toEqual([...refused.map(() => EPERM), true])
})

test("a bind's source is what the worker sees, not the store or the host", async () => {
  const script = `
const fs = require('node:fs')
const seen = (path) => { try { return fs.readdirSync(path).sort() } catch ({ code }) { return code } }
fs.mkdirSync('/mnt/at', { recursive: true })
const before = seen('/')
const answers = ['/', '/..', '/../../l', '/proc/1/root', '/proc/self/root/../..'].map((source, n) => {
  const { ok, errno } = ask(['enter', 'r' + n, 'file', '-'], ['bind', 'root/mnt/at', source, 'present'])
  const found = ok ? seen('/mnt/at') : errno
  ask(['return', 'file'])
  return found
})
console.log(JSON.stringify({ before, answers }))`
  const { before, answers } = (await outputOf(script, withPlaces)) as {
    before: string[]
    answers: unknown[]
  }
  for (const answer of answers)
    expect(answer).toSatisfy(
      (found: unknown) =>
        typeof found === 'number' || JSON.stringify(found) === JSON.stringify(before),
    )
})

test('writes stay in the root that they were made in, as far as the root is layered', async () => {
  const script = `
const fs = require('node:fs')
const seen = () => fs.readdirSync('/place').sort().join()
const step = (...commands) => { const { ok, errno } = ask(...commands); return (ok || errno) + ' ' + seen() }
const log = []
fs.writeFileSync('/place/first', '')
log.push(step(['enter', 'a', 'file', 'freeze']))
fs.writeFileSync('/place/in-a', '')
log.push(step(['enter', 'b', 'a', 'freeze']))
fs.rmSync('/place/first')
log.push(step(['return', 'a']), step(['return', 'b']), step(['return', 'file'], ['drop', 'b'], ['drop', 'a']))
fs.writeFileSync('/place/second', '')
log.push(seen())
console.log(JSON.stringify(log))`
  expect(await outputOf(script, withPlaces)).toEqual([
    'true first',
    'true first,in-a',
    'true first,in-a',
    'true in-a',
    'true first',
    'first,second',
  ])
})

test('a root that was made while the worker boots serves until something is changed in it', async () => {
  const script = `
const fs = require('node:fs')
const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
const stat = () => fs.readFileSync('/proc/1/stat', 'latin1')
const idle = () => { for (let before; before !== (before = stat()) || !before.includes(') S ');) pause() }
const root = () => String(fs.statSync('/', { bigint: true }).ctimeNs)
const next = (id) => { const { ok, errno, ahead } = ask(['enter', id, 'file', 'freeze,leaves,may-stay'], ['spare', 'file']); return ok ? [ahead, root()] : errno }
idle()
const [isAhead, first] = next('a')
pause()
const [, second] = next('b')
const former = ask(['return', 'a']).errno
fs.writeFileSync('/place/written', '')
idle()
const [, third] = next('c')
const log = [isAhead, second === first, former, third === first, fs.readdirSync('/place'), ask(['return', 'b']).errno]
pause()
fs.chmodSync('/place', 0o700)
const [, fourth] = next('d')
log.push(fourth === third, fs.statSync('/place').mode & 0o777)
console.log(JSON.stringify(log))`
  expect(await outputOf(script, [...withPlaces, ['ahead']])).toEqual([
    true,
    true,
    ENOENT,
    false,
    [],
    ENOENT,
    false,
    0o755,
  ])
})

test('a request that fails half way leaves the worker where it was, able to write', async () => {
  const script = `
const fs = require('node:fs')
fs.writeFileSync('/place/first', '')
const answer = ask(['enter', 'a', 'file', 'freeze'], ['mask', 'root/place'], ['readonly', 'root/there/is/none'])
fs.writeFileSync('/place/second', '')
console.log(JSON.stringify([answer.ok, answer.errno, answer.stage, fs.readdirSync('/place')]))`
  expect(await outputOf(script, withPlaces)).toEqual([
    false,
    ENOENT,
    'readonly',
    ['first', 'second'],
  ])
})

test('a file that is open for writing is named by its mount', async () => {
  const script = `
const fs = require('node:fs')
const fd = fs.openSync('/place/open', 'w')
const { ok, busy } = ask(['enter', 'a', 'file', 'freeze'])
const id = /mnt_id:\\t(\\d+)/.exec(fs.readFileSync('/proc/self/fdinfo/' + fd, 'latin1'))[1]
console.log(JSON.stringify([ok, busy.map(({ path, mountId }) => [path, mountId === Number(id)])]))`
  expect(await outputOf(script, withPlaces)).toEqual([true, [['/place', true]]])
})

test("with the host's network no other network can be had, and the sandbox goes on", async () => {
  const steps = withClient.map((step): Step =>
    step[0] === 'namespaces' ? ['namespaces', 'user', 'mount', 'pid', 'ipc', 'uts'] : step,
  )
  expect(await answersOf(`ask(['network', 'full']), ask(['mark'])`, steps)).toEqual([ENOTSUP, true])
})

test('a thousand roots that nobody drops do not stop the worker from ending', async () => {
  const script = `
let parent = 'file', last
for (let n = 0; n < 1000; n++) if ((last = ask(['enter', 'r' + n, parent, '-'])).ok) parent = 'r' + n
console.log(JSON.stringify(parent))`
  expect(await outputOf(script)).toMatch(/^r\d+$/)
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
