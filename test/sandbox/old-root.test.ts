import { execFileSync } from 'node:child_process'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { drive } from '../support/sandbox-drive.ts'
import { everywhere, here, makeScratch } from '../support/sandbox-surroundings.ts'

let program: string
beforeAll(() => {
  program = join(makeScratch(here), 'escape')
  const source = fileURLToPath(new URL('../fixtures/sandbox/escape.c', import.meta.url))
  execFileSync('cc', ['-static', '-O1', '-Wall', '-Wextra', '-Werror', '-o', program, source])
})

describe.each(everywhere)('$name', (surroundings) => {
  test('no path of the host is reachable by "..", /proc/*/root, cwd or fd, chroot or PID 1', async () => {
    const scratch = makeScratch(surroundings)
    const canaries = [join(scratch, 'hidden/canary'), `/tmp/${basename(scratch)}`]
    const { results } = await drive(surroundings, scratch, {
      setUp: `mkdir hidden; for path in ${canaries.join(' ')}; do echo canary > $path; done`,
      runs: canaries.map((path) => ({
        command: [program, path],
        options: { fs: { hide: ['hidden'] } },
      })),
      afterwards: `rm ${canaries.join(' ')}`,
    })
    expect(results.map(({ stdout }) => stdout)).toEqual(['done\n', 'done\n'])
  })

  test('the search finds what is reachable', async () => {
    const scratch = makeScratch(surroundings)
    const { results } = await drive(surroundings, scratch, {
      setUp: 'echo canary > seen',
      runs: [{ command: [program, join(scratch, 'seen')] }],
    })
    const ways = results[0]?.stdout.split('\n') ?? []
    expect(ways).toEqual(expect.arrayContaining(['..', '/proc/self/root', 'done']))
  })

  test('/proc/1/root and the descriptors of PID 1 are closed to everybody inside', async () => {
    const names = ['root', 'cwd', 'fd/0', 'fd/3', 'ns/mnt', 'exe']
    const { results } = await drive(surroundings, makeScratch(surroundings), {
      runs: [{ command: ['stat', '-L', ...names.map((name) => `/proc/1/${name}`)] }],
    })
    expect(results[0]?.stdout).toBe('')
    const errors = results[0]?.stderr.trim().split('\n')
    expect(errors).toEqual(names.map(() => expect.stringMatching(/: Permission denied$/)))
  })
})
