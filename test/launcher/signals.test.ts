import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import process from 'node:process'
import { expect, onTestFinished, test, vi } from 'vitest'
import { runLauncher, startLauncher, withoutLeakCheck } from '../support/sandbox-launcher.ts'
import { childrenOf, initOf } from '../support/sandbox-leftovers.ts'
import { sh, smallPlan } from '../support/sandbox-plans.ts'

/** Waits for signals; the shell runs a trap as soon as `wait` returns. */
const waitForever = 'echo ready; while :; do sleep 100 & wait; done'

const forwarded = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGCONT',
] as const

test.each(forwarded)(
  '%s is forwarded to the worker, which may exit in its own way',
  async (name) => {
    const number = constants.signals[name]
    const command = sh(`trap 'exit 42' ${number}; ${waitForever}`)
    await using launcher = startLauncher({ steps: smallPlan, command })
    await launcher.firstLine()
    launcher.process.kill(name)
    expect(await launcher.ending).toEqual({ exitCode: 42, signal: null })
  },
)

test('a worker may exit 0 after SIGTERM', async () => {
  const command = sh(`trap 'exit 0' TERM; ${waitForever}`)
  await using launcher = startLauncher({ steps: smallPlan, command })
  await launcher.firstLine()
  launcher.process.kill('SIGTERM')
  expect(await launcher.ending).toEqual({ exitCode: 0, signal: null })
  expect(launcher.events.at(-1)).toMatchObject({ event: 'ended', exitCode: 0, signal: null })
})

test('a worker that does not handle SIGTERM dies of it', async () => {
  await using launcher = startLauncher({ steps: smallPlan, command: sh(waitForever) })
  await launcher.firstLine()
  launcher.process.kill('SIGTERM')
  expect(await launcher.ending).toEqual({ exitCode: null, signal: 'SIGTERM' })
})

test.each([
  { what: 'by default 500 ms', steps: [], leastMs: 450 },
  { what: 'as long as the plan says', steps: [['grace', '1000']], leastMs: 950 },
] as const)('a worker that ignores SIGTERM is killed after the grace time: $what', async (it) => {
  const command = sh(`trap '' TERM; ${waitForever}`)
  await using launcher = startLauncher({ steps: [...smallPlan, ...it.steps], command })
  await launcher.firstLine()
  const begin = performance.now()
  launcher.process.kill('SIGTERM')
  expect(await launcher.ending).toEqual({ exitCode: null, signal: 'SIGKILL' })
  expect(performance.now() - begin).toBeGreaterThanOrEqual(it.leastMs)
})

test('a second SIGTERM does not make the grace time longer', async () => {
  const script = `trap 'echo again' TERM; ${waitForever}`
  const steps = [...smallPlan, ['grace', '300']] as const
  await using launcher = startLauncher({ steps, command: sh(script) })
  await launcher.firstLine()
  // Were each SIGTERM to begin a new grace time, it would never pass.
  const again = setInterval(() => launcher.process.kill('SIGTERM'), 100)
  onTestFinished(() => clearInterval(again))
  launcher.process.kill('SIGTERM')
  expect(await launcher.ending).toEqual({ exitCode: null, signal: 'SIGKILL' })
})

test('a stopped worker ends after the grace time too', async () => {
  const steps = [...smallPlan, ['grace', '100']] as const
  await using launcher = startLauncher({ steps, command: sh('kill -STOP $$') })
  const { hostPid } = await launcher.event('started')
  await vi.waitFor(() => expect(stateOf(childrenOf(Number(hostPid))[0])).toBe('T'))
  launcher.process.kill('SIGTERM')
  expect(await launcher.ending).toEqual({ exitCode: null, signal: 'SIGKILL' })
})

test('a signal that comes while the sandbox is built reaches the worker when it runs', async () => {
  const slowly = ['strace', '-D', '-f', '-qq', '-o', '/dev/null']
  const delay = ['-e', 'trace=pivot_root', '-e', 'inject=pivot_root:delay_enter=300000']
  await using launcher = startLauncher({
    steps: smallPlan,
    command: ['sleep', '100'],
    before: [...slowly, ...delay],
    env: withoutLeakCheck,
  })
  await vi.waitFor(() => expect(initOf(launcher.process.pid)).toBeGreaterThan(1), 5000)
  launcher.process.kill('SIGTERM')
  await launcher.event('started')
  expect([await launcher.ending, launcher.events.map(({ event }) => event)]).toEqual([
    { exitCode: null, signal: 'SIGTERM' },
    ['started', 'ended'],
  ])
})

const stateOf = (pid = 0) => /^State:\t(.)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]

test('Ctrl-C in a terminal reaches the worker once, for it has a session of its own', async () => {
  const script = 'trap "echo INT" INT; trap "exit 0" TERM; cut -d" " -f1,6,7 /proc/$$/stat'
  await using launcher = startLauncher({
    steps: smallPlan,
    command: sh(`${script}; while :; do sleep 100 & wait; done`),
    // A terminal sends SIGINT to the whole foreground process group; this makes one.
    before: ['setsid'],
  })
  const [pid, session, terminal] = (await launcher.firstLine()).split(' ')
  expect([session, terminal]).toEqual([pid, '0'])
  const rest = launcher.firstLine()
  process.kill(-Number(launcher.process.pid), 'SIGINT')
  expect(await rest).toBe('INT')
  launcher.process.kill('SIGTERM')
  expect(await launcher.ending).toEqual({ exitCode: 0, signal: null })
  expect((await launcher.stdout).match(/INT/g)).toHaveLength(1)
})

const callers = [
  { what: 'ignores SIGCHLD', before: ['env', '--ignore-signal=CHLD'] },
  { what: 'has SIGTERM and SIGCHLD blocked', before: ['env', '--block-signal=TERM,CHLD'] },
  { what: 'ignores SIGTERM, SIGINT and SIGPIPE', before: ['env', '--ignore-signal=TERM,INT,PIPE'] },
  { what: 'has its standard input closed', before: ['/bin/sh', '-c', 'exec "$0" "$@" <&-'] },
  { what: 'has all of stdio closed', before: ['/bin/sh', '-c', 'exec "$0" "$@" <&- >&- 2>&-'] },
] as const

test.each(callers)('a caller that $what gets the same behaviour', async ({ before }) => {
  const steps = smallPlan
  const { exitCode } = await runLauncher({ steps, before, command: sh('(exit 3); exit $?') })
  expect(exitCode).toBe(3)

  await using launcher = startLauncher({ steps, before, command: sh('kill -TERM $$; exit 9') })
  expect(await launcher.ending).toEqual({ exitCode: null, signal: 'SIGTERM' })

  await using held = startLauncher({ steps, before, command: ['sleep', '100'] })
  await held.event('started')
  held.process.kill('SIGTERM')
  expect(await held.ending).toEqual({ exitCode: null, signal: 'SIGTERM' })
})

test('a worker starts with no signal blocked or ignored, whatever its caller had', async () => {
  const before = ['env', '--ignore-signal=PIPE,CHLD', '--block-signal=USR1,TERM']
  const command = ['cat', '/proc/self/status']
  const { stdout } = await runLauncher({ steps: smallPlan, before, command })
  const masks = stdout.split('\n').filter((line) => /^Sig(Blk|Ign|Cgt)/.test(line))
  const none = '0'.repeat(16)
  expect(masks).toEqual([`SigBlk:\t${none}`, `SigIgn:\t${none}`, `SigCgt:\t${none}`])
})
