import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import {
  drive,
  type DriveRequest,
  type DriveResult,
  type RunResult,
} from '../support/sandbox-drive.ts'
import { node } from '../support/sandbox-plans.ts'
import { everywhere, here, makeScratch } from '../support/sandbox-surroundings.ts'

const runner = fileURLToPath(new URL('../fixtures/sandbox/drive.mjs', import.meta.url))

/** Runs a command in a sandbox of these surroundings. */
async function runInside(surroundings: typeof here, ...command: string[]) {
  const { results } = await drive(surroundings, makeScratch(surroundings), { runs: [{ command }] })
  return results[0]
}

const endingOf = (result: RunResult | undefined) => ({
  exitCode: result?.end?.exitCode,
  stderr: result?.stderr,
  error: result?.error,
})
const fine = { exitCode: 0, stderr: '', error: undefined }

test('a sandbox can be made in a sandbox, and is isolated from it', async () => {
  const script =
    'id -u; hostname; cat inner 2>&1; echo from-inner > inner; ip -o -4 addr show lo | wc -l'
  const inner: DriveRequest = {
    runs: [{ command: ['/bin/sh', '-c', script], options: { hostname: 'inner-box' } }],
    setUp: 'echo outer > outer-file; hostname',
    afterwards: 'cat outer-file; hostname; cat inner 2>&1 || true',
  }
  const scratch = makeScratch(here)
  const { results, changed } = await drive(here, scratch, {
    runs: [
      {
        command: [...node, runner],
        input: JSON.stringify(inner),
        options: { hostname: 'outer-box' },
      },
    ],
    watch: [scratch],
  })
  expect(endingOf(results[0])).toEqual(fine)
  const answer = JSON.parse(results[0]?.stdout ?? '') as DriveResult
  expect(answer.results[0]?.error).toBeUndefined()
  expect(answer.results[0]?.stdout.split('\n')).toEqual([
    String(here.uid),
    'inner-box',
    'cat: inner: No such file or directory',
    '2',
    '',
  ])
  expect(answer.afterwards).toBe('outer\nouter-box\ncat: inner: No such file or directory\n')
  expect(changed).toEqual([])
})

const bubblewrap = [
  'bwrap',
  '--unshare-all',
  '--die-with-parent',
  '--dev-bind',
  '/',
  '/',
  '--proc',
  '/proc',
]

describe.each(everywhere)('$name', (surroundings) => {
  test("the namespaces of a browser's own sandbox can be made inside", async () => {
    // As Chromium does: user, pid and network namespaces, then a root directory that holds nothing.
    const unshare = ['unshare', '--user', '--map-root-user', '--pid', '--net', '--fork']
    const script = 'cd /proc/self/fdinfo && exec chroot . /bin/sh -c true'
    const gone = await runInside(surroundings, ...unshare, 'sh', '-c', script)
    expect(gone?.end.exitCode).toBe(127)
    expect(gone?.stderr).toMatch(/^chroot: .*No such file or directory\n$/)
  })

  test('a user namespace gives every capability over what is made in it', async () => {
    const script =
      'mount -t tmpfs none /mnt && mkdir /mnt/x && ls /mnt; ip link set lo up && echo up'
    const unshare = ['unshare', '--user', '--map-root-user', '--mount', '--net']
    const result = await runInside(surroundings, ...unshare, 'sh', '-c', script)
    expect(endingOf(result)).toEqual(fine)
    expect(result?.stdout).toBe('x\nup\n')
  })
})

test('bubblewrap runs inside, with a fresh /proc', async () => {
  const script = 'id -u; echo /proc/[0-9]*'
  const result = await runInside(here, ...bubblewrap, 'sh', '-c', script)
  expect(endingOf(result)).toEqual(fine)
  const [uid, processes = ''] = (result?.stdout ?? '').split('\n')
  expect(uid).toBe(String(here.uid))
  expect(processes.split(' ').length).toBeLessThanOrEqual(2)
})
