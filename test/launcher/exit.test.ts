import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { runLauncher } from '../support/sandbox-launcher.ts'
import { emptyRoot, sh, smallPlan } from '../support/sandbox-plans.ts'

test('every exit code from 0 to 255 comes through', async () => {
  const codes = Array.from({ length: 256 }, (_, code) => code)
  const seen: (number | null)[] = []
  const reported: unknown[] = []
  // A few at a time: the machine is shared with other test files.
  for (const some of inGroups(codes, 8)) {
    const runs = some.map((code) => runLauncher({ steps: smallPlan, command: sh(`exit ${code}`) }))
    for (const { exitCode, events } of await Promise.all(runs)) {
      seen.push(exitCode)
      reported.push(events.at(-1)?.['exitCode'])
    }
  }
  expect(seen).toEqual(codes)
  expect(reported).toEqual(codes)
})

function inGroups<T>(items: readonly T[], size: number): T[][] {
  const starts = Array.from({ length: Math.ceil(items.length / size) }, (_, i) => i * size)
  return starts.map((start) => items.slice(start, start + size))
}

/** Signals that end a process by default, by the numbers that the kernel gives them. */
const deadly = Object.entries(constants.signals).filter(
  ([name]) => !/^SIG(CHLD|CONT|STOP|TSTP|TTIN|TTOU|URG|WINCH)$/.test(name),
)

test.each(deadly)('death by %s comes through as that signal', async (name, number) => {
  const command = sh(`kill -${number} $$`)
  const { signal, exitCode, events } = await runLauncher({ steps: smallPlan, command })
  expect({ signal, exitCode }).toEqual({ signal: aliases.get(name) ?? name, exitCode: null })
  expect(events.at(-1)).toMatchObject({ event: 'ended', exitCode: null, signal: number })
})

/** Names that Node gives to the same number. */
const aliases = new Map([
  ['SIGIOT', 'SIGABRT'],
  ['SIGPOLL', 'SIGIO'],
  ['SIGUNUSED', 'SIGSYS'],
])

/** A shell on the host that tells how the launcher ended, as people see it. */
const inShell = (first = ':') => ['/bin/sh', '-c', `${first}; "$@"; echo "$?" >&2`, 'sh']

test.each([34, 40, 64])('death by real-time signal %i comes through', async (number) => {
  // Node has no names for these; a shell gives 128 + number.
  const command = sh(`kill -${number} $$`)
  const { stderr } = await runLauncher({ steps: smallPlan, command, before: inShell() })
  expect(stderr.trim().split('\n').at(-1)).toBe(String(128 + number))
})

test('a worker killed by a signal that dumps core makes the launcher dump none', async () => {
  const command = sh('kill -SEGV $$')
  const before = inShell('ulimit -c unlimited')
  const { stderr } = await runLauncher({ steps: smallPlan, command, before })
  expect(stderr).toMatch(/Segmentation fault/)
  expect(stderr).not.toMatch(/core dumped/)
  expect(stderr).toMatch(/^139$/m)
})

const missing = [
  { what: 'a missing path', command: '/no/such/program', errno: 'ENOENT' },
  { what: 'a missing name on PATH', command: 'no-such-program', errno: 'ENOENT' },
  { what: 'a directory', command: '/usr', errno: 'EACCES' },
  { what: 'a path through a file', command: '/bin/sh/x', errno: 'ENOTDIR' },
  { what: 'a file without the execute bit', command: '/tmp/plain', errno: 'EACCES' },
  { what: 'a script without its interpreter', command: '/tmp/script', errno: 'ENOENT' },
  { what: 'an empty name', command: '', errno: 'ENOENT' },
] as const

test.each(missing)('to exec $what is an error with path, stage and errno', async (it) => {
  const { exitCode, events } = await runLauncher({
    steps: [
      ...smallPlan,
      ['file', 'root/tmp/plain', '644', '-', '-', 'text'],
      ['file', 'root/tmp/script', '755', '-', '-', '#!/no/such/interpreter\n'],
    ],
    command: [it.command, 'argument'],
  })
  expect(exitCode).toBe(125)
  expect(events.filter(({ event }) => event !== 'started')).toEqual([
    {
      event: 'error',
      stage: 'exec',
      syscall: 'execve',
      path: it.command,
      errno: constants.errno[it.errno],
      message: expect.any(String),
    },
  ])
})

test('a program that ends with 125 itself is told apart from a sandbox that failed', async () => {
  const own = await runLauncher({ steps: smallPlan, command: sh('exit 125') })
  const failed = await runLauncher({ steps: emptyRoot, command: ['/bin/sh'] })
  expect([own.exitCode, failed.exitCode]).toEqual([125, 125])
  expect(own.events.map(({ event }) => event)).toEqual(['started', 'ended'])
  expect(failed.events.map(({ event }) => event)).toEqual(['started', 'error'])
})

test('output that the worker wrote just before its end arrives whole', async () => {
  const command = sh('yes | head -c 3000000')
  const { exitCode, stdout } = await runLauncher({ steps: smallPlan, command })
  expect([exitCode, stdout.length]).toEqual([0, 3_000_000])
})
