import { describe, expect, test } from 'vitest'
import type { NetnsOptions } from '../options/types.ts'
import { indexOf, kindsAt, plan, stepsAt, type PlanRequest } from './plan-sandbox.test.fixture.ts'

function fs(options: NonNullable<NetnsOptions['fs']>, request: PlanRequest = {}) {
  return plan({ ...request, options: { fs: options } })
}

function problems(options: NonNullable<NetnsOptions['fs']>, request: PlanRequest = {}): string {
  try {
    fs(options, request)
    return ''
  } catch (error) {
    expect(error).toMatchObject({ code: 'NETNS_OPTIONS_INVALID' })
    return (error as Error).message
  }
}

const nodes = {
  '/home/me/.ssh/id': 'k',
  '/home/me/app/dist/a': '',
  '/home/me/app/src/a': '',
  '/opt/tool/secret/x': '',
  '/opt/tool/y': '',
}

describe('fs.hide', () => {
  test('makes a whiteout in the upper directory, below directories like those of the host', () => {
    const sandbox = fs(
      { hide: ['/opt/tool/secret'] },
      { host: { nodes: { ...nodes, '/opt/tool': { mode: 0o711, uid: 3, gid: 4 } } } },
    )
    const steps = sandbox.steps.filter(
      (step) => step[1]?.startsWith('u/') && step[1].includes('tool'),
    )
    expect(
      steps.map(([name, dest, ...rest]) => [name, dest?.replace(/^u\/\d+/, 'u'), ...rest]),
    ).toEqual([
      ['mkdir', 'u/tool', '711', '3', '4'],
      ['whiteout', 'u/tool/secret'],
    ])
    expect(kindsAt(sandbox, '/opt')).toEqual(['mkdir', 'overlay'])
  })

  test('reaches the home directory by ~/ and the project by a relative path', () => {
    const sandbox = fs({ hide: ['~/.ssh', 'dist'] }, { host: { uid: 1000, nodes } })
    expect(kindsAt(sandbox, '/home/me/.ssh')).toEqual(['whiteout'])
    expect(kindsAt(sandbox, '/home/me/app/dist')).toEqual(['whiteout'])
  })

  test('leaves out a whole top-level directory', () => {
    expect(kindsAt(fs({ hide: ['/opt'] }, { host: { nodes } }), '/opt')).toEqual([])
  })

  test('of a missing path does nothing', () => {
    expect(fs({ hide: ['/opt/none', '/none/x'] }, { host: { nodes } }).steps).toEqual(
      plan({ host: { nodes } }).steps,
    )
  })

  test('masks what lies in a read-only mount', () => {
    const sandbox = fs(
      { hide: ['/nix/store/a'] },
      { host: { nodes: { '/nix/store/a': '' }, mounts: { '/nix/store': 'ext4 ro' } } },
    )
    expect(kindsAt(sandbox, '/nix/store/a')).toEqual(['mask'])
  })

  test('masks parts of /proc', () => {
    expect(
      kindsAt(
        fs({ hide: ['/proc/cpuinfo'] }, { host: { nodes: { '/proc/cpuinfo': '' } } }),
        '/proc/cpuinfo',
      ),
    ).toEqual(['mask'])
  })

  test('takes away a name, not what the name points to', () => {
    const sandbox = fs(
      { hide: ['~/link'] },
      { host: { uid: 1000, nodes: { ...nodes, '/home/me/link': '-> .ssh' } } },
    )
    expect(kindsAt(sandbox, '/home/me/link')).toEqual(['whiteout'])
    expect(kindsAt(sandbox, '/home/me/.ssh')).toEqual([])
  })

  test.each(['/home/me', '/usr/bin/node', '/', '/proc'])('of %s is refused', (path) => {
    expect(problems({ hide: [path] })).toContain(`fs.hide: ${JSON.stringify(path)}:`)
  })
})

describe('fs.private', () => {
  test('is a fresh directory over an existing one', () => {
    const sandbox = fs({ private: ['/opt/tool'] }, { host: { nodes } })
    expect(stepsAt(sandbox, '/opt/tool')).toEqual([
      ['tmpfs', 'root/opt/tool', '755', '-', '-', '-'],
    ])
  })

  test('is made where it is missing, in the upper directory and not on the host', () => {
    const sandbox = fs(
      { private: ['/etc/shop/conf'] },
      { host: { uid: 1000, nodes: { '/etc/passwd': '' } } },
    )
    expect(kindsAt(sandbox, '/etc/shop')).toEqual(['mkdir'])
    expect(kindsAt(sandbox, '/etc/shop/conf')).toEqual(['mkdir', 'tmpfs'])
    expect(indexOf(sandbox, 'overlay', 'root/etc')).toBeLessThan(
      indexOf(sandbox, 'tmpfs', 'root/etc/shop/conf'),
    )
  })

  test('can be written to by the user, whoever owns the directory outside', () => {
    const sandbox = fs({ private: ['/opt/tool'] }, { host: { uid: 1000, nodes } })
    expect(stepsAt(sandbox, '/opt/tool')[0]?.[2]).toBe('755')
  })

  test('over HOME still shows the project in it', () => {
    const sandbox = fs({ private: ['~'] }, { host: { uid: 1000, nodes } })
    expect(kindsAt(sandbox, '/home/me')).toEqual(['tmpfs'])
    expect(kindsAt(sandbox, '/home/me/app')).toEqual(expect.arrayContaining(['overlay']))
  })

  test('in the project has files that can be kept', () => {
    const sandbox = fs({ private: ['out'], keep: ['out/**'] })
    expect(sandbox.uppers).toContainEqual({
      id: expect.any(String),
      insidePath: '/home/me/app/out',
    })
    expect(kindsAt(sandbox, '/home/me/app/out')).not.toContain('tmpfs')
  })

  test.each([
    ['/home/me/app', 'the run itself needs what is there'],
    ['/usr/bin/node', 'is no directory'],
    ['/', 'the root directory cannot be replaced'],
    ['/proc/x', 'lies in a pseudo file system'],
  ])('of %s is refused', (path, reason) => {
    expect(problems({ private: [path] })).toContain(reason)
  })

  test('cannot be made on a read-only file system', () => {
    expect(
      problems(
        { private: ['/ro/x'] },
        { host: { nodes: { '/ro/a': '' }, mounts: { '/ro': 'ext4 ro' } } },
      ),
    ).toContain('read-only file system')
  })
})

describe('fs.copy', () => {
  test('copies a directory into memory', () => {
    expect(stepsAt(fs({ copy: ['src'] }, { host: { nodes } }), '/home/me/app/src')).toEqual([
      ['tmpfs', 'root/home/me/app/src', '755', '-', '-', '-'],
      ['copy', 'root/home/me/app/src', '/home/me/app/src', '-', '-'],
    ])
  })

  test('copies into an upper directory where files are kept', () => {
    const sandbox = fs({ copy: ['src'], keep: ['**'] }, { host: { nodes } })
    expect(kindsAt(sandbox, '/home/me/app/src')).toEqual(['mkdir', 'copy', 'overlay'])
  })

  test('of a missing directory does nothing, of a file is refused', () => {
    expect(kindsAt(fs({ copy: ['none'] }), '/home/me/app/none')).toEqual([])
    expect(problems({ copy: ['package.json'] })).toContain('is no directory')
  })
})

describe('fs.bind', () => {
  test('writes through, and makes the path inside where it is missing', () => {
    const sandbox = fs(
      { bind: { '/data/db': '~/db', 'app.sock': '/run/x.sock' } },
      {
        host: {
          nodes: { ...nodes, '/home/me/db': {}, '/root/db': {}, '/run/x.sock': { type: 'socket' } },
        },
      },
    )
    expect(stepsAt(sandbox, '/data/db').at(-1)).toEqual(['bind', 'root/data/db', '/root/db', 'rec'])
    expect(stepsAt(sandbox, '/home/me/app/app.sock').at(-1)).toEqual([
      'bind',
      'root/home/me/app/app.sock',
      '/run/x.sock',
      'rec,file',
    ])
  })

  test('can bring a device into /dev', () => {
    const sandbox = fs(
      { bind: { '/dev/kvm': '/dev/kvm' } },
      { host: { nodes: { '/dev/kvm': { type: 'other' } } } },
    )
    expect(indexOf(sandbox, 'tmpfs', 'root/dev')).toBeLessThan(
      indexOf(sandbox, 'bind', 'root/dev/kvm'),
    )
  })

  test('of the user wins over our own files of names', () => {
    const sandbox = fs(
      { bind: { '/etc/hosts': 'hosts' } },
      { host: { nodes: { '/home/me/app/hosts': 'x', '/etc/hosts': 'y' } } },
    )
    expect(kindsAt(sandbox, '/etc/hosts')).toEqual(['bind'])
  })

  test('of what does not exist, or of a file over a directory, is refused', () => {
    const message = problems(
      { bind: { '/a': '/none', '/opt/tool': 'package.json' } },
      { host: { nodes } },
    )
    expect(message).toContain('/none does not exist on this machine')
    expect(message).toContain('a file cannot be bound over a directory')
  })
})

describe('read-only', () => {
  test('fs.readonly comes after the tree below it and before what was named itself', () => {
    const sandbox = fs(
      { readonly: ['/home'], writable: ['dist'] },
      { host: { nodes: { ...nodes, '/home/mnt/x': '' }, mounts: { '/home/mnt': 'ext4 rw' } } },
    )
    const readOnly = indexOf(sandbox, 'readonly', 'root/home')
    expect(indexOf(sandbox, 'overlay', 'root/home/mnt')).toBeLessThan(readOnly)
    expect(indexOf(sandbox, 'overlay', 'root/home/me/app/dist')).toBeGreaterThan(readOnly)
  })

  test('private directories below it stay writable', () => {
    const sandbox = fs({ readonly: ['/var'] })
    expect(indexOf(sandbox, 'readonly', 'root/var')).toBeLessThan(
      indexOf(sandbox, 'tmpfs', 'root/var/tmp'),
    )
  })

  test.each([{ mode: 'readonly' as const }, { readonly: ['/'] }])(
    '%j makes every overlay and the root read-only',
    (options) => {
      const sandbox = fs(options, { host: { nodes } })
      const flags = sandbox.steps.filter(([name]) => name === 'overlay').map((step) => step.at(-1))
      expect(flags.every((flag) => flag?.startsWith('ro'))).toBe(true)
      expect(sandbox.steps).toContainEqual(['readonly', 'root', 'alone'])
      expect(sandbox.uppers).toEqual([])
    },
  )

  test('fs.writable is copy-on-write there, made where it is missing', () => {
    const sandbox = fs({ mode: 'readonly', writable: ['dist', 'new'] }, { host: { nodes } })
    expect(stepsAt(sandbox, '/home/me/app/dist').at(-1)?.at(-1)).toBe('-')
    expect(sandbox.steps).toContainEqual([
      'overlay',
      'root/home/me/app/new',
      expect.any(String),
      '755',
      '-',
      '-',
      '-',
    ])
    expect(sandbox.uppers.map(({ insidePath }) => insidePath)).toEqual([
      '/home/me/app/dist',
      '/home/me/app/new',
    ])
  })

  test('of a missing path is said', () => {
    expect(fs({ readonly: ['/none'] }).degrees).toEqual([
      expect.objectContaining({ kind: 'missing', path: '/none' }),
    ])
  })
})

test('all that does not fit this machine is reported at once', () => {
  const lines = problems({ hide: ['/'], private: ['/proc'], bind: { '/a': '/none' } }).split('\n')
  expect(lines.filter((line) => line.startsWith('fs.'))).toHaveLength(3)
})
