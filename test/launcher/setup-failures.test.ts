import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { Step } from '@netns/core'
import { beforeAll, afterAll, describe, expect, test } from 'vitest'
import { runLauncher, withoutLeakCheck } from '../support/sandbox-launcher.ts'
import { expectNoneWith, uniqueSleep } from '../support/sandbox-leftovers.ts'
import { emptyRoot, smallPlan } from '../support/sandbox-plans.ts'

const uid = String(process.getuid?.())

/** One step of nearly every kind. */
const richPlan: readonly Step[] = [
  ...smallPlan,
  ['lower', '1', '/etc'],
  ['mkdir', 'u/1', '755', '-', '-'],
  ['whiteout', 'u/1/shadow'],
  ['overlay', 'root/etc', '1', '755', '-', '-', '-'],
  ['mkdir', 'root/tmp/d', '700', uid, '-'],
  ['symlink', 'root/tmp/link', 'd'],
  ['file', 'root/tmp/d/f', '644', '-', '-', 'text'],
  ['readonly', 'root/tmp/d'],
  ['hostname', 'box'],
  ['loopback', 'up', '192.0.2.2/32'],
  ['listen', '8080', '127.0.0.1', '127.0.0.1'],
  ['rlimit', 'nofile', '99'],
  ['chdir', '/tmp'],
]

interface Failure {
  /** What strace makes fail, with the error number EDOM, which none of them ever gives. */
  readonly calls: string
  readonly stage: string
  readonly path: string | RegExp
  /** As the event names it, where that is not `calls`. */
  readonly syscall?: string
  /** The first of these calls only in the launcher itself, not in what it starts. */
  readonly isOuter?: boolean
  readonly started?: boolean
}

const failures: readonly Failure[] = [
  { calls: 'signalfd4', stage: 'clone', path: '', syscall: 'signalfd' },
  { calls: 'socketpair', stage: 'clone', path: '' },
  { calls: 'clone', stage: 'clone', path: '' },
  { calls: 'write', stage: 'uid-map', path: /^\/proc\/\d+\/uid_map$/, isOuter: true },
  { calls: 'sendmsg', stage: 'uid-map', path: '', isOuter: true },
  { calls: 'prctl', stage: 'clone', path: 'PR_SET_PDEATHSIG' },
  { calls: 'mount', stage: 'pivot', path: '/' },
  { calls: 'fsopen', stage: 'store', path: 'tmpfs' },
  { calls: 'fsconfig', stage: 'store', path: 'tmpfs' },
  { calls: 'fsmount', stage: 'store', path: 'tmpfs' },
  { calls: 'move_mount', stage: 'store', path: 'store' },
  { calls: 'fchdir', stage: 'store', path: 'store' },
  { calls: 'mkdir', stage: 'store', path: '/' },
  { calls: 'openat2', stage: 'symlink', path: '/' },
  { calls: 'symlinkat', stage: 'symlink', path: '/bin' },
  { calls: 'open_tree', stage: 'bind', path: '/usr' },
  { calls: 'mount_setattr', stage: 'bind', path: '/usr' },
  { calls: 'mkdirat', stage: 'bind', path: '/usr' },
  { calls: 'mknodat', stage: 'whiteout', path: 'u/1/shadow' },
  { calls: 'fchownat', stage: 'mkdir', path: '/tmp/d' },
  { calls: 'unlinkat', stage: 'file', path: '/tmp/d/f' },
  { calls: 'sethostname', stage: 'hostname', path: 'box' },
  { calls: 'socket', stage: 'loopback', path: 'netlink' },
  { calls: 'sendto', stage: 'loopback', path: 'up', syscall: 'netlink' },
  { calls: 'recvfrom', stage: 'loopback', path: 'up', syscall: 'netlink' },
  { calls: 'bind', stage: 'listen', path: '127.0.0.1:8080' },
  { calls: 'listen', stage: 'listen', path: '127.0.0.1:8080' },
  { calls: 'pivot_root', stage: 'pivot', path: 'store' },
  { calls: 'umount2', stage: 'pivot', path: 'host' },
  { calls: 'pipe2', stage: 'fork', path: '', started: true },
  { calls: 'setsid', stage: 'exec', path: '', started: true },
  { calls: 'chroot', stage: 'pivot', path: '', started: true },
  { calls: 'chdir', stage: 'chdir', path: '/tmp', started: true },
  { calls: 'execve', stage: 'exec', path: '/bin/sleep', started: true },
]

describe('a set-up that fails gives one error with stage, system call, path and errno', () => {
  test.each(failures)('$calls in stage $stage', async (failure) => {
    const marker = uniqueSleep()
    const result = await runLauncher({
      steps: richPlan,
      command: ['/bin/sleep', marker],
      before: failing(failure),
      env: withoutLeakCheck,
    })
    expect([result.exitCode, result.signal]).toEqual([125, null])
    const path =
      typeof failure.path === 'string' ? failure.path : expect.stringMatching(failure.path)
    const error = {
      event: 'error',
      stage: failure.stage,
      syscall: failure.syscall ?? failure.calls,
      path,
      errno: constants.errno.EDOM,
      message: expect.any(String),
    }
    const started = { event: 'started', hostPid: expect.any(Number), setupUs: expect.any(Number) }
    expect(result.events).toEqual(failure.started ? [started, error] : [error])
    await expectNoneWith(marker)
  })
})

function failing({ calls, isOuter }: Failure): string[] {
  const follow = isOuter ? [] : ['-f']
  const when = isOuter ? ':when=1' : ''
  const expressions = ['-e', `trace=${calls}`, '-e', `inject=${calls}:error=EDOM${when}`]
  return ['strace', '-D', ...follow, '-qq', '-o', '/dev/null', ...expressions]
}

describe('without any trick', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'netns-failures-'))
    writeFileSync(join(folder, 'file'), 'x'.repeat(5000))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const cases: { what: string; steps: (base: string) => Step[]; error: object }[] = [
    {
      what: 'a bind of a path that is missing',
      steps: (base) => [['bind', 'root/x', `${base}/missing`, '-']],
      error: { stage: 'bind', syscall: 'open_tree', path: 'BASE/missing', errno: 'ENOENT' },
    },
    {
      what: 'a directory bound over a file',
      steps: (base) => [
        ['file', 'root/x', '644', '-', '-', ''],
        ['bind', 'root/x', base, 'file'],
      ],
      error: { stage: 'bind', syscall: 'move_mount', path: '/x', errno: 'EINVAL' },
    },
    {
      what: 'a layer that is missing',
      steps: (base) => [['lower', '1', `${base}/missing`]],
      error: { stage: 'lower', syscall: 'open', path: 'BASE/missing', errno: 'ENOENT' },
    },
    {
      what: 'an overlay over a layer that is a file',
      steps: (base) => [
        ['lower', '1', `${base}/file`],
        ['overlay', 'root/x', '1', '755', '-', '-', '-'],
      ],
      error: { stage: 'lower', syscall: 'open', path: 'BASE/file', errno: 'ENOTDIR' },
    },
    {
      what: 'a copy beyond its limit',
      steps: (base) => [['copy', 'root/x', base, '4999', '-']],
      error: { stage: 'copy', errno: 'EFBIG' },
    },
    {
      what: 'a copy of a path that is missing',
      steps: (base) => [['copy', 'root/x', `${base}/missing`, '-', '-']],
      error: { stage: 'copy', errno: 'ENOENT' },
    },
    {
      what: 'a mask over a path that is missing',
      steps: () => [['mask', 'root/missing']],
      error: { stage: 'mask', syscall: 'openat2', path: '/missing', errno: 'ENOENT' },
    },
    {
      what: 'a read-only path that is missing',
      steps: () => [['readonly', 'root/missing']],
      error: { stage: 'readonly', syscall: 'openat2', path: '/missing', errno: 'ENOENT' },
    },
    {
      what: 'a device that is missing',
      steps: () => [['dev', 'root/x', 'no-such-device']],
      error: { stage: 'dev', syscall: 'open_tree', path: '/dev/no-such-device', errno: 'ENOENT' },
    },
    {
      what: 'a directory below a file',
      steps: () => [
        ['file', 'root/x', '644', '-', '-', ''],
        ['mkdir', 'root/x/y', '755', '-', '-'],
      ],
      error: { stage: 'mkdir', syscall: 'openat2', path: '/x/y', errno: 'ENOTDIR' },
    },
    {
      what: 'a name that is too long',
      steps: () => [['mkdir', `root/${'n'.repeat(256)}`, '755', '-', '-']],
      error: {
        stage: 'mkdir',
        syscall: 'openat2',
        path: `/${'n'.repeat(256)}`,
        errno: 'ENAMETOOLONG',
      },
    },
    {
      what: 'a file that does not fit',
      steps: () => [
        ['tmpfs', 'root/small', '755', '-', '-', '4096'],
        ['file', 'root/small/f', '644', '-', '-', 'x'.repeat(9000)],
      ],
      error: { stage: 'file', syscall: 'write', path: '/small/f', errno: 'ENOSPC' },
    },
    {
      what: 'a host name that is too long',
      steps: () => [['hostname', 'h'.repeat(65)]],
      error: { stage: 'hostname', syscall: 'sethostname', path: 'h'.repeat(65), errno: 'EINVAL' },
    },
    {
      what: 'an address that is none',
      steps: () => [['loopback', 'up', '300.0.0.1/8']],
      error: { stage: 'loopback', syscall: 'netlink', path: '300.0.0.1/8', errno: 'EINVAL' },
    },
    {
      what: 'the same port twice',
      steps: () => [
        ['loopback', 'up'],
        ['listen', '8080', '127.0.0.1', '127.0.0.1'],
        ['listen', '8080', '127.0.0.1', '127.0.0.1'],
      ],
      error: { stage: 'listen', syscall: 'bind', path: '127.0.0.1:8080', errno: 'EADDRINUSE' },
    },
    {
      what: 'a limit that is unknown',
      steps: () => [['rlimit', 'happiness', '1']],
      error: { stage: 'rlimit', syscall: 'setrlimit', path: 'happiness', errno: 'EINVAL' },
    },
    {
      what: 'a destination above the store',
      steps: () => [['mkdir', '../x', '755', '-', '-']],
      error: { stage: 'mkdir', syscall: 'openat2', errno: 'EXDEV' },
    },
  ]

  test.each(cases)('$what is an error that names it', async ({ steps, error }) => {
    const { exitCode, events } = await runLauncher({
      steps: [...emptyRoot, ...steps(folder)],
      command: ['/bin/true'],
    })
    expect(exitCode).toBe(125)
    expect(events).toHaveLength(1)
    const { event, errno, path, ...rest } = events[0] ?? { event: 'none' }
    const names = Object.entries(constants.errno)
    const name = names.find(([, number]) => number === errno)?.[0]
    const shown = { event, errno: name, path: String(path).replace(folder, 'BASE'), ...rest }
    expect(shown).toMatchObject({ event: 'error', ...error })
  })

  const ofWorker: { what: string; step: Step; error: object }[] = [
    {
      what: 'a working directory that is missing',
      step: ['chdir', '/no/such/directory'],
      error: {
        stage: 'chdir',
        syscall: 'chdir',
        path: '/no/such/directory',
        errno: constants.errno.ENOENT,
      },
    },
    {
      what: 'a limit above the limit of the caller',
      step: ['rlimit', 'nofile', '9007199254740991'],
      error: { stage: 'rlimit', syscall: 'setrlimit', path: '', errno: expect.any(Number) },
    },
  ]

  test.each(ofWorker)('$what is an error of the worker', async ({ step, error }) => {
    const steps: Step[] = [...smallPlan, step]
    const { exitCode, events } = await runLauncher({ steps, command: ['/bin/true'] })
    expect(exitCode).toBe(125)
    expect(events).toEqual([
      expect.objectContaining({ event: 'started' }),
      expect.objectContaining({ event: 'error', ...error }),
    ])
  })
})

const optional: { what: string; steps: Step[]; degraded: object }[] = [
  {
    what: 'an optional bind of a missing path',
    steps: [['bind', 'root/x', '/no/such/path', 'optional']],
    degraded: { stage: 'bind', path: '/no/such/path', errno: constants.errno.ENOENT },
  },
  {
    what: 'an optional copy of a missing path',
    steps: [['copy', 'root/x', '/no/such/path', '-', 'optional']],
    degraded: { stage: 'copy', errno: constants.errno.ENOENT },
  },
  {
    what: 'a sysctl that does not exist',
    steps: [['sysctl', 'net/ipv4/no_such_sysctl', '1']],
    degraded: {
      stage: 'sysctl',
      path: '/proc/sys/net/ipv4/no_such_sysctl',
      errno: constants.errno.ENOENT,
    },
  },
]

test.each(optional)('$what is reported as a degree, and the worker runs', async (it) => {
  const steps = [...smallPlan, ...it.steps]
  const { exitCode, events } = await runLauncher({ steps, command: ['/bin/true'] })
  expect(exitCode).toBe(0)
  expect(events.map(({ event }) => event)).toEqual(['degraded', 'started', 'ended'])
  expect(events[0]).toMatchObject(it.degraded)
})

test('names in errors keep quotes, newlines, control characters and any bytes', async () => {
  const name = 'a "quoted" \\ name\n\twith \u007f and ü'
  const { events } = await runLauncher({
    steps: [...emptyRoot, ['bind', 'root/x', `/${name}`, '-']],
    command: ['/bin/true'],
  })
  expect(events).toEqual([expect.objectContaining({ event: 'error', path: `/${name}` })])
})
