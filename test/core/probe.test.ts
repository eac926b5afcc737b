import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { probe, readHost, resolveLauncher } from '@netns/core'
import { afterEach, expect, test, vi } from 'vitest'

const launcher = resolveLauncher()
const directories: string[] = []

afterEach(() => {
  vi.unstubAllEnvs()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

function useLauncher(path: string): void {
  vi.stubEnv('NETNS_LAUNCHER', path)
}

/** The launcher, with a system call that fails as it would on another machine. */
function failing(injection: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'netns-probe-'))
  directories.push(directory)
  const path = join(directory, 'launcher')
  writeFileSync(
    path,
    `#!/bin/sh\nexec strace -f -qq -o /dev/null -e inject=${injection} '${launcher}' "$@"\n`,
  )
  chmodSync(path, 0o755)
  useLauncher(path)
}

test('this machine makes sandboxes', async () => {
  expect(await probe()).toMatchObject({ ok: true, checks: [{ name: 'default sandbox', ok: true }] })
})

test('where user namespaces are refused, every effect says so with a fix', async () => {
  failing('clone:error=EPERM')
  const { ok, checks } = await probe()
  expect(ok).toBe(false)
  expect(checks.map(({ error }) => error?.code)).toEqual(Array(5).fill('NETNS_USERNS_DENIED'))
  expect(checks[0]?.error?.hint).not.toBe('')
})

test('where one effect fails, only that one is reported as failing', async () => {
  failing('sethostname:error=EPERM')
  const { ok, checks } = await probe()
  expect(ok).toBe(false)
  expect(checks.filter((check) => !check.ok)).toEqual([
    {
      name: 'host name, IPC and cgroup namespaces',
      ok: false,
      error: expect.objectContaining({ stage: 'hostname', errno: 'EPERM' }),
    },
  ])
})

test('a missing launcher is one failing check and no exception', async () => {
  useLauncher('/no/such/launcher')
  expect(await probe()).toMatchObject({
    ok: false,
    checks: [
      {
        name: 'launcher',
        ok: false,
        error: {
          code: 'NETNS_LAUNCHER_MISSING',
          path: '/no/such/launcher',
          hint: expect.stringContaining('npm'),
        },
      },
    ],
  })
})

test('a launcher that may not be executed is diagnosed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'netns-probe-'))
  directories.push(directory)
  writeFileSync(join(directory, 'launcher'), '')
  useLauncher(join(directory, 'launcher'))
  expect((await probe()).checks[0]?.error?.hint).toContain('chmod +x')
})

test('the facts that are read of this machine agree with its tools', () => {
  const host = readHost()
  const tree = execFileSync('findmnt', ['-rno', 'TARGET'], { encoding: 'utf8' })
    .trimEnd()
    .split('\n')
    .map((line) =>
      line.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    )
  for (const { mountPoint } of host.mounts) expect(tree).toContain(mountPoint)
  expect(host.files.node('/etc/passwd')).toMatchObject({
    type: 'file',
    uid: 0,
    readable: true,
    writable: host.uid === 0,
  })
  expect(host.files.node('/no/such/path')).toBeUndefined()
  expect(host.files.list('/')).toContain('etc')
})
