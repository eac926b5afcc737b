import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { runLauncher, startLauncher } from '../support/sandbox-launcher.ts'
import { sh, smallPlan } from '../support/sandbox-plans.ts'

/** Descriptors of the worker; the shell lists its own before it starts another program. */
const listDescriptors = sh('for fd in /proc/$$/fd/*; do echo "${fd##*/}"; done')

function openOnHost(count: number): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'netns-fds-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const fds = Array.from({ length: count }, (_, i) => openSync(join(folder, String(i)), 'w'))
  onTestFinished(() => fds.forEach((fd) => closeSync(fd)))
  return fds
}

/** The shell holds the directory open while it expands the pattern. */
const withoutListing = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map(Number)
    .toSorted((a, b) => a - b)

test('no descriptor of the host leaks into the sandbox beyond stdio', async () => {
  const steps = smallPlan
  const { stdout } = await runLauncher({
    steps,
    command: listDescriptors,
    moreStdio: openOnHost(40),
  })
  const plain = await runLauncher({ steps, command: listDescriptors })
  expect(withoutListing(stdout)).toEqual(withoutListing(plain.stdout))
  expect(withoutListing(stdout).filter((fd) => fd > 3)).toEqual([])
})

test('descriptors that were asked for stay open at their number, the others do not', async () => {
  const { stdout } = await runLauncher({
    steps: smallPlan,
    command: listDescriptors,
    moreStdio: openOnHost(40),
    keepFds: [42, 7, 20],
  })
  expect(withoutListing(stdout).filter((fd) => fd > 3)).toEqual([7, 20, 42])
})

test('the channel of the launcher is closed in the worker and in its children', async () => {
  const command = sh(
    '(exec 2>/dev/null; echo >&3) || echo closed; sh -c "(exec 2>/dev/null; echo >&3) || echo closed"',
  )
  const { stdout, events } = await runLauncher({ steps: smallPlan, command })
  expect(stdout).toBe('closed\nclosed\n')
  expect(events.map(({ event }) => event)).toEqual(['started', 'ended'])
})

test('the launcher holds no end of a kept descriptor: its reader sees the end with the worker', async () => {
  await using launcher = startLauncher({
    steps: [...smallPlan, ['hold']],
    command: sh('echo over >&4'),
    moreStdio: ['pipe'],
    keepFds: [4],
  })
  expect(await text(launcher.process.stdio[4] as Readable)).toBe('over\n')
  expect(await launcher.stdout).toBe('')
  await launcher.event('ended')
  // The launcher still runs: it holds the tree until it is released.
  expect(launcher.process.exitCode).toBeNull()
  launcher.channel.write('release\n')
  expect(await launcher.ending).toEqual({ exitCode: 0, signal: null })
})

test('a release that comes before the end of the worker is not lost', async () => {
  const command = sh('read line; exit 3')
  const steps = [...smallPlan, ['hold']] as const
  await using launcher = startLauncher({ steps, command, stdin: 'pipe' })
  await launcher.event('started')
  launcher.channel.write('release\n', () => launcher.process.stdin?.end('\n'))
  expect(await launcher.ending).toEqual({ exitCode: 3, signal: null })
})

test('environment, arguments and umask of the caller are those of the worker', async () => {
  const command = sh('env; umask; for a; do echo "[$a]"; done', 'sh', 'a b', '', '*', 'ü\n"')
  const { stdout } = await runLauncher({
    steps: smallPlan,
    command,
    before: ['/bin/sh', '-c', 'umask 0027; exec "$@"', 'sh'],
    env: { PATH: '/usr/bin:/bin', SHOP: 'x y', ASAN_OPTIONS: 'detect_leaks=0' },
  })
  expect(stdout.split('\n').filter((line) => /^(SHOP|0|\[)/.test(line))).toEqual([
    'SHOP=x y',
    '0027',
    '[a b]',
    '[]',
    '[*]',
    '[ü',
  ])
})

test('limits of the caller are those of the worker, also the one on open files', async () => {
  const command = ['cat', '/proc/self/limits']
  const before = ['/bin/sh', '-c', 'ulimit -S -n 321; ulimit -S -c 0; exec "$@"', 'sh']
  const { stdout } = await runLauncher({ steps: smallPlan, command, before })
  const [soft, hard] = limitOf(stdout, 'Max open files')
  expect(soft).toBe('321')
  expect(hard).toBe(limitOf(readFileSync('/proc/self/limits', 'utf8'), 'Max open files')[1])
})

test.each([
  ['nofile', 'Max open files', '77'],
  ['as', 'Max address space', '3221225472'],
  ['cpu', 'Max cpu time', '9'],
  ['core', 'Max core file size', '0'],
  ['fsize', 'Max file size', '4096'],
  ['nproc', 'Max processes', '1000'],
] as const)(
  'the plan can limit %s, and the worker cannot raise it again',
  async (name, row, value) => {
    const steps = [...smallPlan, ['rlimit', name, value]] as const
    const { stdout } = await runLauncher({ steps, command: ['cat', '/proc/self/limits'] })
    expect(limitOf(stdout, row)).toEqual([value, value])
  },
)

function limitOf(limits: string, name: string): string[] {
  const line = limits.split('\n').find((row) => row.startsWith(name)) ?? ''
  return line.slice(name.length).trim().split(/\s+/).slice(0, 2)
}

test('the worker starts in the directory that the plan names', async () => {
  const steps = [
    ...smallPlan,
    ['mkdir', 'root/tmp/a b', '755', '-', '-'],
    ['chdir', '/tmp/a b'],
  ] as const
  const { stdout } = await runLauncher({ steps, command: sh('pwd -P') })
  expect(stdout).toBe('/tmp/a b\n')
})

test('standard input reaches the worker', async () => {
  await using launcher = startLauncher({ steps: smallPlan, command: ['cat'], stdin: 'pipe' })
  launcher.process.stdin?.end('hello')
  expect(await launcher.stdout).toBe('hello')
})
