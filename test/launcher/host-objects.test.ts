import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, rmdirSync, statSync } from 'node:fs'
import process from 'node:process'
import type { Step } from '@netns/core'
import { expect, test } from 'vitest'
import { runLauncher } from '../support/sandbox-launcher.ts'
import { sh, smallPlan } from '../support/sandbox-plans.ts'

/*
 * What a mount namespace alone does not separate: objects of the kernel that the host shares.
 */

test('a device of the host can be used inside, but its mode and owner cannot be changed', async () => {
  const device = '/dev/urandom'
  const before = statSync(device)
  const script = `
echo lost > $1 && head -c 1 $1 > /tmp/byte && test -s /tmp/byte && echo used
chmod 600 $1 || echo kept
chown 1:1 $1 || echo kept
touch -d 2001-01-01 $1 || echo kept`
  const { stdout } = await runLauncher({ steps: smallPlan, command: sh(script, 'sh', device) })
  const after = statSync(device)
  if (after.uid !== before.uid) chownSync(device, before.uid, before.gid)
  if (after.mode !== before.mode) chmodSync(device, before.mode)
  expect(stdout).toBe('used\nkept\nkept\nkept\n')
  expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid])
})

// An ordinary user may make one only where the system has handed a part of the tree over.
const canMakeCgroups = process.geteuid?.() === 0 && cgroup2Mounts().length > 0
if (canMakeCgroups) test('a cgroup cannot be made on the host', cannotMakeCgroup)

async function cannotMakeCgroup(): Promise<void> {
  const name = `netns-test-${process.pid}`
  const steps: Step[] = [...smallPlan, ['cgroup2', 'root/cgroup']]
  const script = 'mkdir /cgroup/$1 || echo refused; test -e /cgroup/cgroup.controllers && echo seen'
  const { stdout } = await runLauncher({ steps, command: sh(script, 'sh', name) })
  const made = cgroup2Mounts()
    .map((at) => `${at}/${name}`)
    .filter((path) => existsSync(path))
  for (const path of made) rmdirSync(path)
  expect(made).toEqual([])
  expect(stdout).toBe('refused\nseen\n')
}

function cgroup2Mounts(): string[] {
  return execFileSync('/bin/sh', ['-c', 'awk \'$3 == "cgroup2" { print $2 }\' /proc/self/mounts'], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter(Boolean)
}
