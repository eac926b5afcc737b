import { describe, expect, test } from 'vitest'
import { indexOf, kindsAt, plan, stepsAt } from './plan-sandbox.test.fixture.ts'

function contentOf(sandbox: ReturnType<typeof plan>, path: string): unknown {
  return stepsAt(sandbox, path).at(-1)?.at(-1)
}

test('a plan begins with its namespaces and the store and ends in the working directory', () => {
  const { steps } = plan({})
  expect(steps.slice(0, 2)).toEqual([
    ['namespaces', 'user', 'mount', 'net', 'pid', 'ipc', 'uts', 'cgroup'],
    ['store', '-'],
  ])
  expect(steps.at(-1)).toEqual(['chdir', '/home/me/app'])
})

test('the same arguments give the same plan', () => {
  expect(plan({})).toEqual(plan({}))
})

describe('net', () => {
  test('loopback: lo with one more address per family, low ports free, no route', () => {
    const { steps } = plan({
      context: { services: [{ port: 5432, insideAddress: '::1', outsideAddress: '::1' }] },
    })
    expect(steps).toContainEqual(['loopback', 'up', '192.0.2.2/32', 'fd00::2/128'])
    expect(steps).toContainEqual(['sysctl', 'net/ipv4/ip_unprivileged_port_start', '0'])
    expect(steps).toContainEqual(['sysctl', 'net/ipv4/ping_group_range', '0 0'])
    expect(steps).toContainEqual(['listen', '5432', '::1', '::1'])
  })

  test('none: not even lo', () => {
    const { steps } = plan({ options: { net: 'none' } })
    expect(steps[0]).toContain('net')
    expect(steps.map(([name]) => name)).not.toContain('loopback')
  })

  test("host: no network namespace, the host's names, and the report says so", () => {
    const sandbox = plan({
      options: { net: 'host', hosts: { db: '10.0.0.1' } },
      host: { nodes: { '/etc/hosts': '127.0.0.1 localhost', '/etc/resolv.conf': 'x' } },
    })
    expect(sandbox.steps[0]).not.toContain('net')
    expect(stepsAt(sandbox, '/sys')).toEqual([['bind', 'root/sys', '/sys', 'ro,rec']])
    expect(contentOf(sandbox, '/etc/hosts')).toBe(
      '127.0.0.1 localhost\n127.0.0.1 netns\n10.0.0.1 db\n',
    )
    expect(kindsAt(sandbox, '/etc/resolv.conf')).toEqual([])
    expect(sandbox.degrees).toEqual([expect.objectContaining({ kind: 'not-isolated' })])
  })
})

describe('names', () => {
  const nsswitch = '# comment\npasswd: files\nhosts: files mdns4 dns\nnetworks: files\n'
  const sandbox = plan({
    options: { hostname: 'box', hosts: { db: '127.0.0.1', 'api.test': '::1' } },
    host: {
      nodes: {
        '/etc/nsswitch.conf': nsswitch,
        '/etc/resolv.conf': '-> /run/systemd/resolve/stub-resolv.conf',
      },
    },
  })

  test('/etc/hosts has both families of localhost, the host name and the names of the user', () => {
    expect(contentOf(sandbox, '/etc/hosts')).toBe(
      '127.0.0.1 localhost box\n::1 localhost ip6-localhost ip6-loopback box\n127.0.0.1 db\n::1 api.test\n',
    )
    expect(sandbox.steps).toContainEqual(['hostname', 'box'])
  })

  test('only the line of hosts differs in /etc/nsswitch.conf', () => {
    expect(contentOf(sandbox, '/etc/nsswitch.conf')).toBe(
      '# comment\npasswd: files\nnetworks: files\nhosts: files\n',
    )
    expect(contentOf(plan({}), '/etc/nsswitch.conf')).toContain('hosts: files\n')
  })

  test('/etc/resolv.conf is a file of our own, also where the host has a link', () => {
    expect(kindsAt(sandbox, '/etc/resolv.conf')).toEqual(['file'])
  })

  test('they are in the upper directory before it is mounted', () => {
    const files = sandbox.steps.findLastIndex(
      ([name, dest]) => name === 'file' && dest?.startsWith('u/'),
    )
    expect(files).toBeLessThan(indexOf(sandbox, 'overlay', 'root/etc'))
  })

  test('an ordinary user cannot change them in place', () => {
    const ordinary = plan({ host: { uid: 1000, nodes: { '/etc/passwd': '' } } })
    expect(stepsAt(ordinary, '/etc/hosts')[0]?.slice(2, 5)).toEqual(['444', '-', '-'])
  })
})

describe('pseudo file systems', () => {
  test('root cannot change the machine by /proc: it is read-only after the sysctls, but for the own network', () => {
    const sandbox = plan({ host: { nodes: { '/proc/irq/0': '', '/proc/sysrq-trigger': '' } } })
    const names = ['proc/sys', 'proc/irq', 'proc/sysrq-trigger'].map((path) =>
      indexOf(sandbox, 'readonly', `root/${path}`),
    )
    const lastSysctl = sandbox.steps.findLastIndex(([name]) => name === 'sysctl')
    for (const at of names) expect(at).toBeGreaterThan(lastSysctl)
    expect(sandbox.steps).toContainEqual([
      'bind',
      'root/proc/sys/net',
      'proc-clean/sys/net',
      'store',
    ])
    expect(indexOf(sandbox, 'proc', 'proc-clean')).toBeGreaterThan(0)
  })

  test("with the host's network its sysctls are read-only too", () => {
    expect(indexOf(plan({ options: { net: 'host' } }), 'bind', 'root/proc/sys/net')).toBe(-1)
  })

  test('an ordinary user needs no such parts: the mode bits refuse', () => {
    const { steps } = plan({ host: { uid: 1000, nodes: {} } })
    expect(steps.filter(([name, dest]) => name === 'readonly' || dest === 'proc-clean')).toEqual([])
  })

  test('/dev has the usual devices and its own terminals, shared memory and queues', () => {
    const sandbox = plan({})
    const dev = sandbox.steps
      .filter((step) => step[1]?.startsWith('root/dev'))
      .map((step) => `${step[0]} ${step[1]?.slice(9)}`)
    expect(dev).toEqual([
      'tmpfs ',
      'dev null',
      'dev zero',
      'dev full',
      'dev random',
      'dev urandom',
      'dev tty',
      'devpts pts',
      'symlink ptmx',
      'mqueue mqueue',
      'symlink fd',
      'symlink stdin',
      'symlink stdout',
      'symlink stderr',
      'tmpfs shm',
    ])
  })

  test('a device that the host lacks is left out', () => {
    const sandbox = plan({ host: { nodes: { '/dev/tty': '' } } })
    expect(indexOf(sandbox, 'dev', 'root/dev/tty')).toBe(-1)
  })

  test('cgroup2 is mounted where the host has it', () => {
    expect(
      kindsAt(
        plan({ host: { nodes: {}, mounts: { '/sys/fs/cgroup': 'cgroup2 rw' } } }),
        '/sys/fs/cgroup',
      ),
    ).toEqual(['cgroup2'])
    expect(
      kindsAt(
        plan({ host: { nodes: {}, mounts: { '/sys/fs/cgroup': 'tmpfs rw' } } }),
        '/sys/fs/cgroup',
      ),
    ).toEqual([])
  })
})

test('limits become rlimits of the worker', () => {
  const { steps } = plan({
    host: { uid: 1000, nodes: {} },
    options: { limits: { openFiles: 256, processes: 50, addressSpaceBytes: 4e9, cpuSeconds: 60 } },
  })
  expect(steps.filter(([name]) => name === 'rlimit')).toEqual([
    ['rlimit', 'nofile', '256'],
    ['rlimit', 'nproc', '50'],
    ['rlimit', 'as', '4000000000'],
    ['rlimit', 'cpu', '60'],
  ])
})

test('the tree is held only where files may be kept', () => {
  expect(plan({}).hold).toBe(false)
  const sandbox = plan({ options: { fs: { keep: ['a'] } } })
  expect(sandbox.hold).toBe(true)
  expect(sandbox.steps).toContainEqual(['hold'])
})

test('what the runner writes is bound, not overlaid', () => {
  const sandbox = plan({
    host: { nodes: { '/tmp/cache/x': '', '/home/me/app/.vite/y': '' } },
    context: { writeThrough: ['/tmp/cache'], readThrough: ['/home/me/app/.vite', '/none'] },
  })
  expect(stepsAt(sandbox, '/tmp/cache').at(-1)).toEqual([
    'bind',
    'root/tmp/cache',
    '/tmp/cache',
    'rec',
  ])
  expect(stepsAt(sandbox, '/home/me/app/.vite').at(-1)).toEqual([
    'bind',
    'root/home/me/app/.vite',
    '/home/me/app/.vite',
    'ro,rec,optional',
  ])
  expect(kindsAt(sandbox, '/none')).toEqual([])
})

test('what the runner writes may show at another path, made inside where it is missing', () => {
  const sandbox = plan({
    host: { nodes: { '/tmp/r4nd0m/x': '' } },
    context: { readThrough: [{ outside: '/tmp/r4nd0m', inside: '/home/me/app/.cache/copies' }] },
  })
  expect(kindsAt(sandbox, '/tmp/r4nd0m')).toEqual([])
  expect(kindsAt(sandbox, '/home/me/app/.cache')).toEqual(['mkdir'])
  expect(stepsAt(sandbox, '/home/me/app/.cache/copies').at(-1)).toEqual([
    'bind',
    'root/home/me/app/.cache/copies',
    '/tmp/r4nd0m',
    'ro,rec,optional',
  ])
})

test('published endpoints are steps', () => {
  expect(plan({ context: { publish: ['127.0.0.1:9229'] } }).steps).toContainEqual([
    'publish',
    '127.0.0.1:9229',
  ])
})

test('the first pid is set before /proc/sys becomes read-only', () => {
  const sandbox = plan({ context: { pidBase: 20_000 } })
  expect(sandbox.steps).toContainEqual(['pid', '20000'])
  expect(indexOf(sandbox, 'pid', '20000')).toBeLessThan(
    indexOf(sandbox, 'readonly', 'root/proc/sys'),
  )
})

test('a project behind a symbolic link is planned at its real path', () => {
  const sandbox = plan({
    project: '/code/app',
    host: {
      nodes: {
        '/code': '-> /srv/code',
        '/srv/code/app': {},
        '/code/app': {},
        '/srv/code/app/x': '',
      },
    },
  })
  expect(stepsAt(sandbox, '/code')).toEqual([['symlink', 'root/code', '/srv/code']])
  expect(stepsAt(sandbox, '/srv')[0]?.at(-1)).toBe('-')
})

test('a kernel whose tmpfs lacks user attributes is a degree', () => {
  expect(plan({ host: { nodes: {}, kernelRelease: '6.1.0-18-amd64' } }).degrees).toEqual([
    expect.objectContaining({ kind: 'kernel' }),
  ])
  expect(plan({ host: { nodes: {}, kernelRelease: '6.6.0' } }).degrees).toEqual([])
})

test('a destination never leaves the store', () => {
  const { steps } = plan({
    options: { fs: { private: ['/opt/../../../a'], hide: ['../../../../x'] } },
  })
  for (const [, dest = ''] of steps) expect(dest.split('/')).not.toContain('..')
})

test('a worker has 400 ms after SIGTERM, or what the runner needs', () => {
  expect(plan({}).steps).toContainEqual(['grace', '400'])
  expect(plan({ context: { graceMs: 10_000 } }).steps).toContainEqual(['grace', '10000'])
})
