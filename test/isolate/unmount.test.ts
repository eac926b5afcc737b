import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { resolveThreads } from '@netns/core'
import { expect, onTestFinished, test } from 'vitest'
import { VitestProject } from '../support/vitest-project.ts'

const source = fileURLToPath(new URL('../fixtures/sandbox/unmount.c', import.meta.url))
const koffi = createRequire(
  fileURLToPath(new URL('../../packages/core/package.json', import.meta.url)),
)
const canary = `netns-canary-${process.pid}`

/** Kinds of mounts that hold nothing of the host's disks. */
const ofTheKernel = /^(?:overlay|tmpfs|proc|sysfs|devpts|devtmpfs|mqueue|cgroup2?|nsfs)$/

test('code that takes its capabilities and unmounts "/" finds nothing of the host that it can write to', async () => {
  const project = new VitestProject({
    fixture: 'isolate',
    test: {
      provide: {
        unmount: { threads: resolveThreads(), koffi: koffi.resolve('koffi'), canary },
      },
    },
  })
  execFileSync('cc', [
    '-static',
    '-O1',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-o',
    project.path('unmount'),
    source,
  ])
  const hidden = mkdtempSync('/var/tmp/netns-hidden-')
  onTestFinished(() => rmSync(hidden, { recursive: true, force: true }))
  const canaries = [project.path(canary), join(hidden, canary)]
  for (const path of canaries) writeFileSync(path, 'of the host')
  const { stdout, output, exitCode } = await project.run(['unmount.test.ts'])
  expect(exitCode, output).toBe(0)
  expect(stdout, output).toContain('mounts\n')
  expect(stdout).toMatch(/umount done/)
  for (const path of canaries) expect(readFileSync(path, 'utf8')).toBe('of the host')
  const above = [
    dirname(project.directory),
    project.directory,
    hidden,
    '/',
    '/home',
    '/var/tmp',
    '/etc',
    '/usr',
  ]
  const made = above.filter((path) => existsSync(join(path, `made-by-${canary}`)))
  expect(made).toEqual([])
  expect(readdirSync(hidden)).toEqual([canary])
  const writable = stdout
    .slice(stdout.indexOf('mounts\n'))
    .split('\n')
    .filter((line) => line.includes(' - '))
    .map((line) => line.split(' '))
    .filter((fields) => fields[5]?.split(',').includes('rw'))
    .filter((fields) => !ofTheKernel.test(fields[fields.indexOf('-') + 1] ?? ''))
    .map((fields) => fields[4] ?? '')
  expect(writable.filter((path) => !path.includes('/netns/compile-cache'))).toEqual([])
})
