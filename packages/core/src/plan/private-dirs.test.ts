import { describe, expect, test } from 'vitest'
import { indexOf, kindsAt, plan, stepsAt } from './plan-sandbox.test.fixture.ts'

test.each([
  ['/tmp', '1777'],
  ['/var/tmp', '1777'],
  ['/run', '755'],
  ['/dev/shm', '1777'],
])('%s is private with mode %s', (path, mode) => {
  expect(stepsAt(plan({}), path)).toEqual([['tmpfs', `root${path}`, mode, '-', '-', '-']])
})

test('fs.tmpSizeBytes limits each of them', () => {
  const sandbox = plan({ options: { fs: { tmpSizeBytes: 1_000_000 } } })
  for (const path of ['/tmp', '/var/tmp', '/run', '/dev/shm'])
    expect(stepsAt(sandbox, path)[0]?.at(-1)).toBe('1000000')
})

describe('a project below /tmp', () => {
  const sandbox = plan({ project: '/tmp/build/app', host: { nodes: { '/tmp/other/secret': '' } } })

  test('is visible, with all of the entry of /tmp that holds it', () => {
    expect(kindsAt(sandbox, '/tmp')).toEqual(['tmpfs'])
    expect(kindsAt(sandbox, '/tmp/build')).toEqual(['overlay'])
    expect(indexOf(sandbox, 'tmpfs', 'root/tmp')).toBeLessThan(
      indexOf(sandbox, 'overlay', 'root/tmp/build'),
    )
  })

  test('shows nothing else of /tmp', () => {
    expect(kindsAt(sandbox, '/tmp/other')).toEqual([])
  })
})

test('a Node binary below /tmp is visible too', () => {
  const sandbox = plan({
    host: { nodes: { '/tmp/node-24/bin/node': '' } },
    context: { roots: ['/tmp/node-24/bin/node'] },
  })
  expect(kindsAt(sandbox, '/tmp/node-24')).toEqual(['overlay'])
})

test('where the project is /tmp itself, /tmp is copy-on-write and the report says so', () => {
  const sandbox = plan({ project: '/tmp' })
  expect(kindsAt(sandbox, '/tmp')).toEqual(['overlay'])
  expect(sandbox.degrees).toEqual([expect.objectContaining({ kind: 'not-private', path: '/tmp' })])
})

test('as on NixOS: links of /run stay, what they point to is there, the rest of /run is gone', () => {
  const sandbox = plan({
    host: {
      nodes: {
        '/run/current-system': '-> /nix/store/sys',
        '/run/nscd/socket': { type: 'socket' },
        '/nix/store/sys/sw/bin/node': '',
      },
      mounts: { '/nix/store': 'ext4 ro' },
    },
    context: { roots: ['/run/current-system/sw/bin/node'] },
  })
  expect(stepsAt(sandbox, '/run/current-system')).toEqual([
    ['symlink', 'root/run/current-system', '/nix/store/sys'],
  ])
  expect(kindsAt(sandbox, '/run/nscd')).toEqual([])
  expect(kindsAt(sandbox, '/nix/store')).toEqual(['bind'])
})

test('/var/tmp that is a link to /tmp is no second private directory', () => {
  const sandbox = plan({ host: { nodes: { '/var/tmp': '-> /tmp' } } })
  expect(kindsAt(sandbox, '/tmp')).toEqual(['tmpfs'])
  expect(kindsAt(sandbox, '/var/tmp')).toEqual([])
})

test('TMPDIR and XDG_RUNTIME_DIR exist in the private directories, empty, with their modes', () => {
  const sandbox = plan({
    host: {
      uid: 1000,
      ownDirs: ['/tmp/user/1000'],
      runtimeDir: '/run/user/1000',
      nodes: {
        '/tmp/user': {},
        '/tmp/user/1000': { uid: 1000, mode: 0o700 },
        '/run/user/1000': { uid: 1000, mode: 0o700 },
        '/run/user/1000/bus': { type: 'socket' },
      },
    },
  })
  expect(stepsAt(sandbox, '/tmp/user/1000')).toEqual([
    ['mkdir', 'root/tmp/user/1000', '700', '-', '-'],
  ])
  expect(stepsAt(sandbox, '/run/user/1000')).toEqual([
    ['mkdir', 'root/run/user/1000', '700', '-', '-'],
  ])
  expect(kindsAt(sandbox, '/run/user/1000/bus')).toEqual([])
})
