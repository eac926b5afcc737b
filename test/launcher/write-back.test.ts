import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Step } from '@netns/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  startLauncher,
  withoutLeakCheck,
  type Launcher,
  type LauncherEvent,
  type LauncherRequest,
} from '../support/sandbox-launcher.ts'
import { sh, smallPlan } from '../support/sandbox-plans.ts'

let base: string
let outside: string
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'netns-take-'))
  base = join(folder, 'base')
  outside = join(folder, 'outside')
  mkdirSync(base)
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret'), 'of the host')
})
afterEach(() => rmSync(join(base, '..'), { recursive: true }))

const steps: Step[] = [...smallPlan, ['hold'], ['chdir', '/tmp']]

/** A sandbox whose worker has run a script and ended. */
async function ended(script: string, more: Partial<LauncherRequest> = {}): Promise<Launcher> {
  const launcher = startLauncher({ steps, command: sh(script, 'sh', outside), ...more })
  await launcher.event('ended')
  return launcher
}

async function take(launcher: Launcher, inside: string, dest: string): Promise<LauncherEvent> {
  return request(launcher, [inside, base, dest])
}

async function request(launcher: Launcher, fields: string[]): Promise<LauncherEvent> {
  const body = Buffer.from(fields.join('\0'))
  const seen = launcher.events.length
  launcher.channel.write(Buffer.concat([Buffer.from(`take ${body.length}\n`), body]))
  return launcher.nextEvent(seen)
}

const inBase = (name: string) => join(base, name)

test('a file is written below the base directory with content, mode and time; parents are made', async () => {
  await using launcher = await ended(
    'echo hi > f; chmod 640 f; touch -d "2001-02-03 04:05:06.789 UTC" f',
  )
  const taken = await take(launcher, '/tmp/f', 'a/b/c')
  expect(taken).toEqual({ event: 'taken', ok: true, path: '/tmp/f', sizeBytes: 3 })
  const stats = statSync(inBase('a/b/c'))
  expect(readFileSync(inBase('a/b/c'), 'utf8')).toBe('hi\n')
  expect(stats.mode & 0o7777).toBe(0o640)
  expect(stats.mtime.toISOString()).toBe('2001-02-03T04:05:06.789Z')
  expect(readdirSync(inBase('a/b'))).toEqual(['c'])
})

test('the form with two fields takes an absolute path of the host', async () => {
  await using launcher = await ended('echo hi > f')
  expect(await request(launcher, ['/tmp/f', inBase('f')])).toMatchObject({ ok: true })
  expect(readFileSync(inBase('f'), 'utf8')).toBe('hi\n')
})

test('a set-user-id bit does not get out', async () => {
  await using launcher = await ended('echo hi > f; chmod 6755 f')
  expect(await take(launcher, '/tmp/f', 'f')).toMatchObject({ ok: true })
  expect(statSync(inBase('f')).mode & 0o7777).toBe(0o755)
})

test('a large file comes whole', async () => {
  await using launcher = await ended('head -c 70000000 /dev/urandom > f; cksum f')
  expect(await take(launcher, '/tmp/f', 'f')).toMatchObject({ ok: true, sizeBytes: 70_000_000 })
  expect(statSync(inBase('f')).size).toBe(70_000_000)
})

test('a file is replaced at once: who has the old one open keeps it', async () => {
  writeFileSync(inBase('f'), 'old')
  const inode = statSync(inBase('f')).ino
  await using launcher = await ended('echo new > f')
  expect(await take(launcher, '/tmp/f', 'f')).toMatchObject({ ok: true })
  expect(readFileSync(inBase('f'), 'utf8')).toBe('new\n')
  expect(statSync(inBase('f')).ino).not.toBe(inode)
})

test('many files can be taken one after the other', async () => {
  await using launcher = await ended(
    'i=0; while [ $i -lt 300 ]; do echo $i > f$i; i=$((i+1)); done',
  )
  for (let i = 0; i < 300; i++) {
    const taken = await take(launcher, `/tmp/f${i}`, `d${i % 7}/f${i}`)
    expect(taken).toMatchObject({ ok: true })
  }
  expect(readdirSync(base, { recursive: true })).toHaveLength(307)
})

describe('symbolic links', () => {
  test('a link is written as a link, whatever it points to', async () => {
    await using launcher = await ended('ln -s "$1/secret" absolute; ln -s ../x relative')
    expect(await take(launcher, '/tmp/absolute', 'absolute')).toMatchObject({ ok: true })
    expect(await take(launcher, '/tmp/relative', 'relative')).toMatchObject({ ok: true })
    expect(readlinkSync(inBase('absolute'))).toBe(join(outside, 'secret'))
    expect(readlinkSync(inBase('relative'))).toBe('../x')
  })

  test('an absolute link inside, on the way to a file, does not reach the host', async () => {
    await using launcher = await ended('ln -s "$1" way; ln -s / top; echo inside > f')
    expect(await take(launcher, '/tmp/way/secret', 'got')).toMatchObject({
      ok: false,
      errno: constants.errno.ENOENT,
    })
    expect(existsSync(inBase('got'))).toBe(false)
    expect(await take(launcher, '/tmp/top/tmp/f', 'f')).toMatchObject({ ok: true })
    expect(readFileSync(inBase('f'), 'utf8')).toBe('inside\n')
  })

  test('".." inside stops at the root of the sandbox', async () => {
    await using launcher = await ended('echo inside > f')
    const taken = await take(launcher, `/tmp/../../..${outside}/secret`, 'got')
    expect(taken).toMatchObject({ ok: false, errno: constants.errno.ENOENT })
  })

  test('/proc/self/root inside does not reach the host', async () => {
    await using launcher = await ended('true')
    const taken = await take(launcher, `/proc/self/root${outside}/secret`, 'got')
    expect(taken).toMatchObject({ ok: false })
    expect(readdirSync(base)).toEqual([])
  })

  test('a link on the host that leads out of the base directory is not followed', async () => {
    symlinkSync(outside, inBase('out'))
    symlinkSync('../outside', inBase('out-relative'))
    await using launcher = await ended('echo evil > f')
    for (const dest of [
      'out/f',
      'out-relative/f',
      'out/deep/f',
      '../outside/f',
      'x/../../outside/f',
    ]) {
      expect([dest, await take(launcher, '/tmp/f', dest)]).toMatchObject([dest, { ok: false }])
    }
    expect(readdirSync(outside)).toEqual(['secret'])
  })

  test('a link at the destination is replaced, what it points to is not written', async () => {
    symlinkSync(join(outside, 'secret'), inBase('f'))
    await using launcher = await ended('echo new > f')
    expect(await take(launcher, '/tmp/f', 'f')).toMatchObject({ ok: true })
    expect(lstatSync(inBase('f')).isFile()).toBe(true)
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('of the host')
  })

  test('a link within the base directory is followed', async () => {
    mkdirSync(inBase('real'))
    symlinkSync('real', inBase('way'))
    await using launcher = await ended('echo new > f')
    expect(await take(launcher, '/tmp/f', 'way/f')).toMatchObject({ ok: true })
    expect(readFileSync(inBase('real/f'), 'utf8')).toBe('new\n')
  })
})

describe('what cannot be taken is refused with a reason, and the next can', () => {
  const refused = [
    { what: 'a missing file', path: '/tmp/missing', errno: 'ENOENT' },
    { what: 'a directory', path: '/tmp/directory', errno: 'EINVAL' },
    { what: 'a FIFO', path: '/tmp/fifo', errno: 'EINVAL' },
    { what: 'a device', path: '/dev/null', errno: 'EINVAL' },
    { what: 'a path through a file', path: '/tmp/f/x', errno: 'ENOTDIR' },
  ] as const

  test.each(refused)('$what', async ({ path, errno }) => {
    await using launcher = await ended('mkdir directory; mkfifo fifo; echo hi > f')
    expect(await take(launcher, path, 'got')).toMatchObject({
      event: 'taken',
      ok: false,
      path,
      errno: constants.errno[errno],
    })
    expect(readdirSync(base)).toEqual([])
    expect(await take(launcher, '/tmp/f', 'f')).toMatchObject({ ok: true })
  })

  test('a destination that is a directory', async () => {
    mkdirSync(inBase('d/full'), { recursive: true })
    await using launcher = await ended('echo hi > f')
    expect(await take(launcher, '/tmp/f', 'd')).toMatchObject({
      ok: false,
      errno: constants.errno.EISDIR,
    })
    expect(readdirSync(base, { recursive: true }).toSorted()).toEqual(['d', 'd/full'])
  })

  test('a destination below a file', async () => {
    writeFileSync(inBase('d'), '')
    await using launcher = await ended('echo hi > f')
    expect(await take(launcher, '/tmp/f', 'd/f')).toMatchObject({
      ok: false,
      errno: constants.errno.ENOTDIR,
    })
  })

  test('a rename that fails leaves the old file and nothing beside it', async () => {
    writeFileSync(inBase('f'), 'old')
    const inject = ['-e', 'trace=renameat', '-e', 'inject=renameat:error=EIO']
    const before = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', ...inject]
    await using launcher = await ended('echo new > f', { before, env: withoutLeakCheck })
    expect(await take(launcher, '/tmp/f', 'f')).toMatchObject({
      ok: false,
      errno: constants.errno.EIO,
    })
    expect(readFileSync(inBase('f'), 'utf8')).toBe('old')
    expect(readdirSync(base)).toEqual(['f'])
  })
})

test('files can be taken after the worker was killed', async () => {
  await using launcher = await ended('echo half > f; kill -KILL $$')
  expect(await take(launcher, '/tmp/f', 'f')).toMatchObject({ ok: true })
  launcher.channel.write('release\n')
  expect(await launcher.ending).toEqual({ exitCode: null, signal: 'SIGKILL' })
  expect(readFileSync(inBase('f'), 'utf8')).toBe('half\n')
})

test('processes that the worker left are ended before files are taken', async () => {
  const script = '(while :; do echo x >> f; done) & sleep 0.1; exit 0'
  await using launcher = await ended(script)
  const first = await take(launcher, '/tmp/f', 'first')
  const second = await take(launcher, '/tmp/f', 'second')
  expect(first['sizeBytes']).toBe(second['sizeBytes'])
  expect(launcher.events.find(({ event }) => event === 'ended')).toMatchObject({ leftProcesses: 1 })
})

test.each(['nonsense\n', 'take x\n', 'take 99999999\n', 'take 5\nab\0'])(
  'a request that makes no sense never hangs the launcher: %j',
  async (text) => {
    await using launcher = await ended('true')
    launcher.channel.write(text)
    launcher.channel.end()
    await launcher.ending
    expect(readdirSync(base)).toEqual([])
  },
)
