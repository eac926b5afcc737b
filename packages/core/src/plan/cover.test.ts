import { describe, expect, test } from 'vitest'
import { indexOf, kindsAt, plan, stepsAt } from './plan-sandbox.test.fixture.ts'

describe('a plain machine', () => {
  test('every top-level directory is copy-on-write, links are replicated, small files copied', () => {
    const sandbox = plan({
      host: { nodes: { '/bin': '-> usr/bin', '/.dockerenv': '', '/opt/tool/x': '' } },
    })
    expect(kindsAt(sandbox, '/usr')).toEqual(['overlay'])
    expect(kindsAt(sandbox, '/opt')).toEqual(['overlay'])
    expect(stepsAt(sandbox, '/bin')).toEqual([['symlink', 'root/bin', 'usr/bin']])
    expect(stepsAt(sandbox, '/.dockerenv')).toEqual([
      ['copy', 'root/.dockerenv', '/.dockerenv', '1048576', 'optional'],
    ])
  })

  test('an empty directory costs no overlay', () => {
    expect(
      stepsAt(plan({ host: { nodes: { '/media': { mode: 0o750, gid: 44 } } } }), '/media'),
    ).toEqual([['mkdir', 'root/media', '750', '-', '44']])
  })

  test('an overlay that the project needs must work, another one may become read-only', () => {
    const sandbox = plan({ host: { nodes: { '/opt/x': '' } } })
    expect(stepsAt(sandbox, '/home')[0]?.at(-1)).toBe('-')
    expect(stepsAt(sandbox, '/opt')[0]?.at(-1)).toBe('optional')
  })

  test('mode and owner of an overlay root are those of the directory', () => {
    const sandbox = plan({
      host: { nodes: { '/data': { mode: 0o2775, uid: 5, gid: 6 }, '/data/x': '' } },
    })
    expect(stepsAt(sandbox, '/data')).toEqual([
      ['overlay', 'root/data', expect.any(String), '2775', '5', '6', 'optional'],
    ])
  })
})

describe('an ordinary user', () => {
  const host = {
    uid: 1000,
    nodes: {
      '/opt/x': '',
      '/shared': { mode: 0o1777 },
      '/shared/x': '',
      '/lab': { mode: 0o770, gid: 1000 },
      '/lab/x': '',
      '/big': { text: '', sizeBytes: 9e6 },
    },
  }

  test('gets no write bit for a directory of somebody else', () => {
    expect(stepsAt(plan({ host }), '/opt')).toEqual([
      ['overlay', 'root/opt', expect.any(String), '555', '-', '-', 'optional'],
    ])
    expect(stepsAt(plan({ host }), '/')).toEqual([['mkdir', 'root', '555', '-', '-']])
  })

  test('keeps it for one that everybody, or the own group, may write to', () => {
    expect(stepsAt(plan({ host }), '/shared')[0]?.[3]).toBe('1777')
    expect(stepsAt(plan({ host }), '/lab')[0]?.[3]).toBe('770')
  })

  test('sees an unreadable directory as it is: bound, not overlaid', () => {
    expect(stepsAt(plan({ host }), '/root')).toEqual([
      ['bind', 'root/root', '/root', 'ro,rec,optional'],
    ])
  })

  test('gets copies without write bits of files of somebody else', () => {
    const sandbox = plan({ host: { ...host, nodes: { ...host.nodes, '/.motd': 'x' } } })
    expect(stepsAt(sandbox, '/.motd')).toEqual([
      ['copy', 'root/.motd', '/.motd', '1048576', 'optional,nowrite'],
    ])
  })
})

describe('as in Docker: / is an overlay, three files are bound into /etc, /proc is masked', () => {
  const host = {
    root: 'overlay rw',
    nodes: {
      '/etc/passwd': 'root',
      '/etc/hosts': 'h',
      '/etc/hostname': 'c',
      '/etc/resolv.conf': 'r',
      '/etc/nsswitch.conf': 'hosts: files dns\n',
      '/etc/ssl/certs/ca.pem': 'x',
      '/etc/mtab': '-> /proc/mounts',
      '/etc/big.db': { text: '', sizeBytes: 5e6 },
    },
    mounts: {
      '/proc': 'proc rw',
      '/proc/kcore': 'tmpfs rw',
      '/proc/sys': 'proc ro',
      '/sys': 'sysfs ro',
      '/etc/resolv.conf': 'ext4 rw',
      '/etc/hostname': 'ext4 rw',
      '/etc/hosts': 'ext4 rw',
    },
  }

  test('/etc is made anew: directories overlaid, links replicated, files copied', () => {
    const sandbox = plan({ host })
    expect(kindsAt(sandbox, '/etc')).toEqual(['mkdir'])
    expect(kindsAt(sandbox, '/etc/ssl')).toEqual(['overlay'])
    expect(kindsAt(sandbox, '/etc/passwd')).toEqual(['copy'])
    expect(kindsAt(sandbox, '/etc/hostname')).toEqual(['copy'])
    expect(kindsAt(sandbox, '/etc/mtab')).toEqual(['symlink'])
  })

  test('the files of names are our own and not those that were bound', () => {
    const sandbox = plan({ host })
    for (const name of ['hosts', 'resolv.conf', 'nsswitch.conf'])
      expect(kindsAt(sandbox, `/etc/${name}`)).toEqual(['file'])
  })

  test('a file that is too large to copy is bound read-only, and that is said', () => {
    const sandbox = plan({ host })
    expect(stepsAt(sandbox, '/etc/big.db')).toEqual([
      ['bind', 'root/etc/big.db', '/etc/big.db', 'ro,optional,file'],
    ])
    expect(sandbox.degrees).toEqual([
      expect.objectContaining({ kind: 'read-only', path: '/etc/big.db' }),
    ])
  })

  test('no second procfs is asked for, since a fresh one is refused', () => {
    expect(indexOf(plan({ host }), 'proc', 'proc-clean')).toBe(-1)
    expect(indexOf(plan({ host }), 'proc', 'root/proc')).toBeGreaterThan(0)
  })

  test('other directories are overlaid although / is an overlay', () => {
    expect(kindsAt(plan({ host }), '/usr')).toEqual(['overlay'])
  })
})

describe('mounts below a directory', () => {
  test('the directories above a mount are made anew, their other entries overlaid', () => {
    const sandbox = plan({
      host: {
        nodes: { '/home/me/app/src/x.ts': '', '/home/me/.cache/a': '', '/home/me/mnt/data': '' },
        mounts: { '/home/me/mnt': 'ext4 rw' },
      },
    })
    expect(
      ['/home', '/home/me', '/home/me/app', '/home/me/.cache', '/home/me/mnt'].map((path) =>
        kindsAt(sandbox, path).join(),
      ),
    ).toEqual(['mkdir', 'mkdir', 'overlay', 'overlay', 'overlay'])
  })

  test('a read-only mount is bound read-only', () => {
    const sandbox = plan({
      host: { nodes: { '/nix/store/a': '' }, mounts: { '/nix/store': 'ext4 ro' } },
    })
    expect(stepsAt(sandbox, '/nix/store')).toEqual([
      ['bind', 'root/nix/store', '/nix/store', 'ro,rec'],
    ])
    expect(sandbox.degrees).toEqual([])
  })

  test('a file system that overlayfs refuses is bound read-only, and that is said', () => {
    const sandbox = plan({
      host: { nodes: { '/boot/efi/x': '' }, mounts: { '/boot/efi': 'vfat rw' } },
    })
    expect(stepsAt(sandbox, '/boot/efi')).toEqual([
      ['bind', 'root/boot/efi', '/boot/efi', 'ro,rec'],
    ])
    expect(sandbox.degrees).toEqual([
      expect.objectContaining({ kind: 'read-only', path: '/boot/efi' }),
    ])
  })

  test('mounts below a private directory concern nobody', () => {
    const sandbox = plan({
      host: {
        nodes: { '/run/user/1000/gvfs': {}, '/tmp/m/x': '' },
        mounts: { '/run/user/1000/gvfs': 'fuse rw', '/tmp/m': 'tmpfs rw' },
      },
    })
    expect(kindsAt(sandbox, '/run')).toEqual(['tmpfs'])
    expect(kindsAt(sandbox, '/tmp')).toEqual(['tmpfs'])
    expect(kindsAt(sandbox, '/tmp/m')).toEqual([])
  })

  test('a read-only root with writable mounts is read-only but for those', () => {
    const sandbox = plan({
      host: {
        root: 'ext4 ro',
        nodes: { '/var/log/x': '', '/opt/x': '' },
        mounts: { '/var/log': 'tmpfs rw' },
      },
      project: '/var/log/app',
    })
    expect(kindsAt(sandbox, '/opt')).toEqual(['bind'])
    expect(kindsAt(sandbox, '/var')).toEqual(['mkdir'])
    expect(kindsAt(sandbox, '/var/log')).toEqual(['overlay'])
    expect(stepsAt(sandbox, '/etc').at(-1)).toEqual([
      'overlay',
      'root/etc',
      expect.any(String),
      '755',
      '-',
      '-',
      expect.stringMatching(/^ro/),
    ])
  })

  test('a socket of the host beside a mount is left out, and that is said', () => {
    const sandbox = plan({
      host: {
        nodes: { '/home/me/agent.sock': { type: 'socket' } },
        mounts: { '/home/me/agent.sock': 'tmpfs rw' },
      },
    })
    expect(kindsAt(sandbox, '/home/me/agent.sock')).toEqual([])
    expect(sandbox.degrees).toEqual([
      expect.objectContaining({ kind: 'missing', path: '/home/me/agent.sock' }),
    ])
  })

  test('a project with a mount in it still has a directory whose files can be kept', () => {
    const host = {
      nodes: { '/home/me/app/node_modules/x': '', '/home/me/app/src/a': '' },
      mounts: { '/home/me/app/node_modules': 'ext4 rw' },
    }
    const sandbox = plan({ host, options: { fs: { keep: ['out/**'] } } })
    expect(kindsAt(sandbox, '/home/me/app')).toEqual(['mkdir', 'overlay'])
    expect(kindsAt(sandbox, '/home/me/app/package.json')).toEqual(['copy'])
    expect(kindsAt(sandbox, '/home/me/app/src')).toEqual(['overlay'])
    expect(sandbox.uppers).toContainEqual(expect.objectContaining({ insidePath: '/home/me/app' }))
    expect(sandbox.degrees).toEqual([
      expect.objectContaining({ kind: 'mount-points', path: '/home/me/app' }),
    ])
  })
})

test.each(['/srv/a,b:c\\d', '/srv/new\nline', '/srv/with space/"quote"'])(
  'a project at %j is planned under its own name',
  (project) => {
    const sandbox = plan({ project, host: { nodes: {}, mounts: { [project]: 'ext4 rw' } } })
    expect(sandbox.steps).toContainEqual(['lower', expect.any(String), project, '-'])
    expect(kindsAt(sandbox, project)).toEqual(['overlay'])
    expect(sandbox.steps.at(-1)).toEqual(['chdir', project])
  },
)
