import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { Step } from '@netns/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runLauncher } from '../support/sandbox-launcher.ts'
import { sh, smallPlan } from '../support/sandbox-plans.ts'

const isRoot = process.getuid?.() === 0
const uid = String(process.getuid?.())
const gid = String(process.getgid?.())

/** A directory of the host with one entry of each kind. */
let host: string
beforeAll(() => {
  host = mkdtempSync(join(tmpdir(), 'netns-steps-'))
  chmodSync(host, 0o755)
  mkdirSync(join(host, 'dir/sub'), { recursive: true })
  writeFileSync(join(host, 'dir/sub/file'), 'deep\n')
  writeFileSync(join(host, 'file'), 'of the host\n')
  writeFileSync(join(host, 'program'), '')
  chmodSync(join(host, 'program'), 0o751)
  linkSync(join(host, 'file'), join(host, 'second-name'))
  symlinkSync('file', join(host, 'link'))
  utimesSync(join(host, 'program'), 1, 1_000_000_000)
})
afterAll(() => rmSync(host, { recursive: true }))

/** What a shell inside says, with errors among the lines: what they are, not how a program words it. */
async function inside(steps: readonly Step[], script: string): Promise<string[]> {
  const command = sh(`exec 2>&1; ${script}`)
  const result = await runLauncher({ steps: [...smallPlan, ...steps], command })
  if (result.exitCode === 125) throw new Error(JSON.stringify(result.events))
  return result.stdout
    .trim()
    .split('\n')
    .map((line) => errors.exec(line)?.[0] ?? line)
}

const errors =
  /(No such file or directory|Permission denied|Read-only file system|No space left on device)$/

const overlay = (flags = '-'): Step[] => [
  ['lower', '1', host],
  ['overlay', 'root/d', '1', '755', uid, gid, flags],
]

describe('mkdir, file, symlink', () => {
  test('have the mode and owner that the plan gives, whatever the umask', async () => {
    const steps: Step[] = [
      ['mkdir', 'root/a', '2750', uid, gid],
      ['file', 'root/a/f', '604', uid, gid, 'line 1\nline 2\n'],
      ['symlink', 'root/a/l', 'f'],
    ]
    expect(await inside(steps, 'stat -c "%a %u %g %F" /a /a/f /a/l; cat /a/l')).toEqual([
      `2750 ${uid} ${gid} directory`,
      `604 ${uid} ${gid} regular file`,
      `777 ${uid} ${gid} symbolic link`,
      'line 1',
      'line 2',
    ])
  })

  test('missing parents are made', async () => {
    const lines = await inside(
      [['mkdir', 'root/x/y/z', '700', '-', '-']],
      'stat -c %a /x /x/y /x/y/z',
    )
    expect(lines).toEqual(['755', '755', '700'])
  })

  test('a link inside leads PID 1 nowhere but inside', async () => {
    const steps: Step[] = [
      ['symlink', 'root/way', host],
      ['symlink', 'root/up', '../../../..'],
      ['mkdir', 'root/up/made', '755', '-', '-'],
    ]
    expect(await inside(steps, `ls -d /made; ls -d ${host}`)).toEqual([
      '/made',
      'No such file or directory',
    ])
  })

  test('a file replaces what stands there', async () => {
    const steps: Step[] = [
      ['symlink', 'root/tmp/f', '/dev/null'],
      ['file', 'root/tmp/f', '644', '-', '-', 'new\n'],
    ]
    expect(await inside(steps, 'cat /tmp/f; stat -c %F /tmp/f')).toEqual(['new', 'regular file'])
  })
})

describe('tmpfs', () => {
  test('has mode, owner and size', async () => {
    const steps: Step[] = [['tmpfs', 'root/t', '1770', uid, gid, '1048576']]
    const script = 'stat -c "%a %u" /t; head -c 2000000 /dev/urandom > /t/f; stat -c %s /t/f'
    expect(await inside(steps, script)).toEqual([
      `1770 ${uid}`,
      'No space left on device',
      '1048576',
    ])
  })

  test('honours no set-uid bits and no devices', async () => {
    const lines = await inside(
      [['tmpfs', 'root/t', '755', '-', '-', '-']],
      'grep " /t " /proc/self/mounts',
    )
    expect(lines[0]).toMatch(/nosuid,nodev/)
  })
})

describe('overlay', () => {
  test('shows the host and takes writes', async () => {
    const script = 'cd /d; cat link; echo new > file; cat link; rm -r dir; ls'
    expect(await inside(overlay(), script)).toEqual([
      'of the host',
      'new',
      'file',
      'link',
      'program',
      'second-name',
    ])
  })

  test('with `ro` takes no writes', async () => {
    expect(await inside(overlay('ro'), 'echo x > /d/file; cat /d/file')).toEqual([
      'Read-only file system',
      'of the host',
    ])
  })

  test('entries prepared in the upper directory are there, whiteouts are not', async () => {
    const steps: Step[] = [
      ['mkdir', 'u/1', '755', '-', '-'],
      ['whiteout', 'u/1/file'],
      ['whiteout', 'u/1/not-there'],
      ['file', 'u/1/added', '644', '-', '-', 'added'],
      ...overlay(),
    ]
    expect(await inside(steps, 'cd /d; ls; cat added')).toEqual([
      'added',
      'dir',
      'link',
      'program',
      'second-name',
      'added',
    ])
  })

  test('an `optional` one of a directory that is gone by then is not there', async () => {
    const steps: Step[] = [
      ['lower', '1', join(host, 'gone'), 'optional'],
      ['mkdir', 'u/1', '755', '-', '-'],
      ['file', 'u/1/hosts', '644', '-', '-', ''],
      ['overlay', 'root/d', '1', '755', '-', '-', 'optional'],
    ]
    expect(await inside(steps, 'test ! -e /d && echo gone')).toEqual(['gone'])
  })

  test('where the kernel refuses one, `optional` gives a read-only view and says so', async () => {
    // /proc cannot be the lower directory of an overlay.
    const steps: Step[] = [
      ...smallPlan,
      ['lower', '1', '/proc'],
      ['overlay', 'root/d', '1', '755', '-', '-', 'optional'],
    ]
    const command = sh('test -e /d/uptime && grep " /d " /proc/self/mounts')
    const { events, stdout, exitCode } = await runLauncher({ steps, command })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/ proc ro/)
    expect(events[0]).toMatchObject({ event: 'degraded', stage: 'overlay', path: '/d' })
  })
})

describe('bind', () => {
  test('writes through without `ro`, gives EROFS with it', async () => {
    const steps: Step[] = [
      ['bind', 'root/rw', join(host, 'dir'), '-'],
      ['bind', 'root/ro', join(host, 'dir'), 'ro,rec'],
      ['bind', 'root/one', join(host, 'file'), 'ro,file'],
    ]
    const script =
      'echo x > /rw/bound; cat /ro/bound; rm /ro/bound; rm /rw/bound; cat /one; echo y > /one'
    expect(await inside(steps, script)).toEqual([
      'x',
      'Read-only file system',
      'of the host',
      'Read-only file system',
    ])
  })

  test('with `store` binds a path of the store, which no path inside reaches otherwise', async () => {
    const steps: Step[] = [
      ['mkdir', 'kept', '755', '-', '-'],
      ['file', 'kept/f', '644', '-', '-', 'from the store\n'],
      ['bind', 'root/b', 'kept', 'store'],
    ]
    expect(await inside(steps, 'cat /b/f; ls -d /kept /../kept')).toEqual([
      'from the store',
      'No such file or directory',
      'No such file or directory',
    ])
  })
})

describe('copy', () => {
  test('keeps modes, times, links and hard links', async () => {
    const steps: Step[] = [['copy', 'root/c', host, '-', '-']]
    const script = `cd /c; cat link dir/sub/file; stat -c "%a %Y" program; readlink link
      [ file -ef second-name ] && echo linked; echo own > file; cat second-name; mv dir elsewhere && ls elsewhere`
    expect(await inside(steps, script)).toEqual([
      'of the host',
      'deep',
      '751 1000000000',
      'file',
      'linked',
      'own',
      'sub',
    ])
  })

  test('with `nowrite` takes the write bits away', async () => {
    const steps: Step[] = [['copy', 'root/c', join(host, 'program'), '-', 'nowrite']]
    expect(await inside(steps, 'stat -c %a /c')).toEqual(['551'])
  })

  test('leaves sockets and FIFOs out', async () => {
    const steps: Step[] = [['copy', 'root/c', '/dev/null', '-', '-']]
    expect(await inside(steps, 'ls -d /c')).toEqual(['No such file or directory'])
  })
})

describe('readonly and mask', () => {
  test('readonly makes a path read-only as it stands, with the mounts below', async () => {
    const steps: Step[] = [
      ['mkdir', 'root/r', '777', '-', '-'],
      ['tmpfs', 'root/r/below', '777', '-', '-', '-'],
      ['readonly', 'root/r'],
    ]
    expect(await inside(steps, 'for d in /r /r/below; do touch $d/x; done')).toEqual([
      'Read-only file system',
      'Read-only file system',
    ])
  })

  test('readonly with `alone` leaves the mounts below writable', async () => {
    const steps: Step[] = [
      ['tmpfs', 'root/r', '777', '-', '-', '-'],
      ['tmpfs', 'root/r/below', '777', '-', '-', '-'],
      ['readonly', 'root/r', 'alone'],
    ]
    expect(await inside(steps, 'for d in /r /r/below; do touch $d/x && echo $d; done')).toEqual([
      'Read-only file system',
      '/r/below',
    ])
  })

  test('readonly with `optional` passes over what is missing', async () => {
    expect(await inside([['readonly', 'root/missing', 'optional']], 'echo runs')).toEqual(['runs'])
  })

  test('a masked file is empty and closed, a masked directory too', async () => {
    const steps: Step[] = [...overlay(), ['mask', 'root/d/file'], ['mask', 'root/d/dir']]
    const script =
      'cd /d; stat -c "%a %s" file; stat -c %a dir; cat file; ls -A dir; echo x > file; touch dir/x'
    const [closed, readOnly] = ['Permission denied', 'Read-only file system']
    // Root may read and list what is empty.
    const reads = isRoot ? [] : [closed, closed]
    const writes = [readOnly, isRoot ? readOnly : closed]
    expect(await inside(steps, script)).toEqual(['0 0', '0', ...reads, ...writes])
  })

  test('a mask leaves nothing on the host', async () => {
    const steps: Step[] = [...overlay(), ['mask', 'root/d/file'], ['mask', 'root/d/dir']]
    await inside(steps, 'true')
    expect(await inside([['bind', 'root/h', host, 'ro']], 'cat /h/file; ls /h/dir')).toEqual([
      'of the host',
      'sub',
    ])
  })
})

describe('proc, sysfs, devpts, mqueue', () => {
  test('are fresh ones of the own namespaces', async () => {
    const steps: Step[] = [
      ['sysfs', 'root/sys'],
      ['devpts', 'root/dev/pts'],
      ['mqueue', 'root/dev/mqueue'],
      ['loopback', 'up'],
    ]
    const script =
      'ls /sys/class/net; ls /dev/pts; ls /dev/mqueue | wc -l; echo /proc/[0-9]*; touch /sys/x'
    expect(await inside(steps, script)).toEqual([
      'lo',
      'ptmx',
      '0',
      '/proc/1 /proc/2',
      'Read-only file system',
    ])
  })
})

test('pid: the worker gets that number, and the next ones follow', async () => {
  expect(await inside([['pid', '12345']], "echo $$; sh -c 'echo $$'")).toEqual(['12345', '12346'])
})

test('the order of the steps is the order of the plan', async () => {
  const steps: Step[] = [
    ['file', 'root/tmp/f', '644', '-', '-', 'first'],
    ['file', 'root/tmp/f', '644', '-', '-', 'second'],
    ['tmpfs', 'root/tmp/f.d', '755', '-', '-', '-'],
    ['file', 'root/tmp/f.d/x', '644', '-', '-', 'in the mount'],
  ]
  expect(await inside(steps, 'cat /tmp/f /tmp/f.d/x')).toEqual(['secondin the mount'])
})

test('from a terminal: the worker has none to control, so nothing can be typed into it', async () => {
  const steps: Step[] = [...smallPlan, ['dev', 'root/dev/tty', 'tty'], ['devpts', 'root/dev/pts']]
  const script = '(exec < /dev/tty) 2>/dev/null || echo none; cut -d" " -f7 /proc/$$/stat'
  // script(1) gives its command a terminal; it hands descriptor 3 on.
  const before = [
    '/bin/sh',
    '-c',
    'exec script -qec "$(printf "%s\\n" "$@" | sed "s/.*/\'&\'/" | tr "\\n" " ")" /dev/null',
    'sh',
  ]
  const file = '/tmp/worker'
  const { stdout } = await runLauncher({
    steps: [
      ...steps,
      [
        'file',
        'root/tmp/worker',
        '755',
        '-',
        '-',
        `#!/bin/sh\ntest -t 1 && echo terminal\n${script}\n`,
      ],
    ],
    command: [file],
    before,
  })
  expect(stdout.trim().split(/\r?\n/)).toEqual(['terminal', 'none', '0'])
})
