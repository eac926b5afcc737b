import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { encodePlan, type Step } from '@netns/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  launcherPath,
  startLauncher,
  withoutLeakCheck,
  type Launcher,
} from '../support/sandbox-launcher.ts'
import {
  childrenOf,
  expectNoneWith,
  hostMounts,
  initOf,
  processesIn,
  processesWith,
  uniqueSleep,
} from '../support/sandbox-leftovers.ts'
import { node, sh, smallPlan } from '../support/sandbox-plans.ts'

/** Holds a lock, starts children of every kind, tells its namespaces, and waits. */
const busyWorker = `
exec 9>/tmp/shared/lock
flock 9
sleep $1 &
setsid sleep $1 &
(sleep $1 &)
(setsid sh -c 'trap "" TERM HUP INT; sleep $0' $1 &)
echo $(readlink /proc/self/ns/net /proc/self/ns/mnt /proc/self/ns/pid)
sleep $1`

let folder: string
let marker: string
let plan: Step[]
let mountsBefore: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netns-kill-'))
  marker = uniqueSleep()
  plan = [...smallPlan, ['bind', 'root/tmp/shared', folder, '-']]
  mountsBefore = hostMounts()
})

afterEach(() => rmSync(folder, { recursive: true }))

const startBusy = (more: { steps?: Step[]; before?: string[] } = {}): Launcher =>
  startLauncher({
    steps: [...plan, ...(more.steps ?? [])],
    command: sh(busyWorker, 'sh', marker),
    cwd: folder,
    env: { ...withoutLeakCheck, TMPDIR: folder },
    ...(more.before && { before: more.before }),
  })

const isLockFree = () => spawnSync('flock', ['-n', join(folder, 'lock'), 'true']).status === 0

/** No process, lock, namespace, mount, or file of the sandbox. */
async function expectNothingLeft(namespaces: string): Promise<void> {
  await expectNoneWith(marker)
  await vi.waitFor(() => expect(isLockFree()).toBe(true), 5000)
  await vi.waitFor(() => expect(namespaces.split(' ').flatMap(processesIn)).toEqual([]), 5000)
  expect(hostMounts()).toEqual(mountsBefore)
  expect(readdirSync(folder).filter((name) => name !== 'plan')).toEqual(['lock'])
}

describe('SIGKILL leaves no process, lock, namespace, mount or file', () => {
  const victims = [
    { who: 'the launcher', find: ({ launcher }: Pids) => launcher },
    { who: 'PID 1 inside', find: ({ init }: Pids) => init },
    { who: 'the worker', find: ({ init }: Pids) => firstChild(init) },
  ]
  interface Pids {
    launcher: number
    init: number
  }
  const firstChild = (pid: number) => childrenOf(pid)[0] ?? 0

  test.each(victims)('of $who', async ({ find }) => {
    await using launcher = startBusy()
    const namespaces = await launcher.firstLine()
    // The line comes while the last of them begin, and one that is just becoming its program has no arguments.
    await vi.waitFor(() => expect(processesWith(marker).length).toBeGreaterThanOrEqual(7), 5000)
    expect(isLockFree()).toBe(false)
    const { hostPid } = await launcher.event('started')
    process.kill(find({ launcher: Number(launcher.process.pid), init: Number(hostPid) }), 'SIGKILL')
    expect(await launcher.ending).toEqual({ exitCode: null, signal: 'SIGKILL' })
    await expectNothingLeft(namespaces)
  })

  test('of the parent of the launcher', async () => {
    const planFile = join(folder, 'plan')
    writeFileSync(planFile, encodePlan({ steps: plan }))
    const script = fileURLToPath(new URL('../fixtures/sandbox/parent.mjs', import.meta.url))
    const args = [script, launcherPath, planFile, ...sh(busyWorker, 'sh', marker)]
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface(parent.stdout)
    const [namespaces] = await once(lines, 'line')
    expect(isLockFree()).toBe(false)
    parent.kill('SIGKILL')
    await expectNothingLeft(namespaces)
  })

  test('of the launcher while it holds the tree after the end of the worker', async () => {
    const steps: Step[] = [...plan, ['hold']]
    await using launcher = startLauncher({ steps, command: sh('echo $1', 'sh', marker) })
    await launcher.event('ended')
    expect(processesWith(marker)).toHaveLength(2)
    launcher.process.kill('SIGKILL')
    await expectNoneWith(marker)
  })

  test('of the launcher while the sandbox is built', async () => {
    const delay = ['trace=pivot_root', '-e', 'inject=pivot_root:delay_enter=20000000']
    const before = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e', ...delay]
    await using launcher = startBusy({ before })
    const pid = Number(launcher.process.pid)
    await vi.waitFor(() => expect(initOf(pid)).toBeGreaterThan(1), 5000)
    process.kill(pid, 'SIGKILL')
    await launcher.ending
    await expectNoneWith(marker)
    expect(hostMounts()).toEqual(mountsBefore)
    expect(readdirSync(folder)).toEqual([])
  })

  test('of the launcher while PID 1 is stopped', async () => {
    await using launcher = startBusy()
    const namespaces = await launcher.firstLine()
    const { hostPid } = await launcher.event('started')
    process.kill(Number(hostPid), 'SIGSTOP')
    launcher.process.kill('SIGKILL')
    await launcher.ending
    await expectNothingLeft(namespaces)
  })

  test('of a whole fleet of launchers at once', async () => {
    const fleet = Array.from({ length: 8 }, () => startBusy())
    await Promise.all(fleet.map((launcher) => launcher.event('started')))
    for (const launcher of fleet) launcher.process.kill('SIGKILL')
    await Promise.all(fleet.map((launcher) => launcher.ending))
    await expectNoneWith(marker)
    expect(hostMounts()).toEqual(mountsBefore)
  })
})

test('the sandbox ends when the host closes the channel', async () => {
  await using launcher = startBusy()
  const namespaces = await launcher.firstLine()
  launcher.channel.end()
  await launcher.ending
  await expectNothingLeft(namespaces)
})

test('children that left the process group or the session end with the worker and are counted', async () => {
  const script = 'setsid sleep $1 & (setsid sleep $1 &) ; (sleep $1 &) ; sleep 0; exit 4'
  await using launcher = startLauncher({ steps: plan, command: sh(script, 'sh', marker) })
  expect(await launcher.ending).toEqual({ exitCode: 4, signal: null })
  expect(launcher.events.at(-1)).toMatchObject({ exitCode: 4, leftProcesses: 3 })
  await expectNoneWith(marker)
})

test('children that ignore every signal end with the worker', async () => {
  const script = `for i in 1 2 3; do env --ignore-signal sleep $1 & done; exit 0`
  await using launcher = startLauncher({ steps: plan, command: sh(script, 'sh', marker) })
  await launcher.ending
  await expectNoneWith(marker)
})

test('a thousand orphans are reaped while the worker runs: none stays a zombie', async () => {
  const script = `
i=0
while [ $i -lt 1000 ]; do (true &) ; i=$((i + 1)); done
tries=0
while [ $(grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l) -gt 0 ] && [ $tries -lt 500 ]
do tries=$((tries + 1)); done
grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l
ls -d /proc/[0-9]* | wc -l`
  await using launcher = startLauncher({ steps: plan, command: sh(script, 'sh') })
  const [zombies, processes] = (await launcher.stdout).trim().split('\n').map(Number)
  expect(zombies).toBe(0)
  // PID 1, the shell, and the pipeline that counts.
  expect(processes).toBeLessThanOrEqual(5)
  await launcher.ending
  expect(launcher.events.at(-1)).toMatchObject({ exitCode: 0, leftProcesses: 0 })
})

test('the end of a sandbox does not wait for processes that are slow to die of memory', async () => {
  const script = `const all = Buffer.alloc(200e6, 1); process.kill(process.pid, 'SIGKILL')`
  await using launcher = startLauncher({ steps: plan, command: [...node, '-e', script] })
  expect(await launcher.ending).toEqual({ exitCode: null, signal: 'SIGKILL' })
  expect(launcher.events.at(-1)).toMatchObject({ event: 'ended', signal: 9 })
  expect(Number(launcher.events.at(-1)?.['maxRssKiB'])).toBeGreaterThan(190_000)
})

test('a lock of the dead can be had by the next sandbox at once', async () => {
  await using first = startBusy()
  await first.firstLine()
  first.process.kill('SIGKILL')
  await first.ending
  const command = sh('flock -w 5 /tmp/shared/lock echo got')
  await using second = startLauncher({ steps: plan, command })
  expect(await second.stdout).toBe('got\n')
  expect(
    execFileSync('flock', ['-w', '5', join(folder, 'lock'), 'echo', 'got'], { encoding: 'utf8' }),
  ).toBe('got\n')
})
