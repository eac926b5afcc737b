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

/** add_key, and keyctl's search and join, on the session keyring (-3) of x86-64. */
const keyctl = `
$| = 1;
sub find { my ($type, $name) = ("user", @_); syscall(250, 10, -3, $type, $name, 0) > 0 }
sub add { my ($type, $name, $value) = ("user", @_, "x"); syscall(248, $type, $name, $value, 1, -3) > 0 or die "add_key: $!" }
sub join_new { my ($name) = @_; syscall(250, 1, $name) > 0 or die "keyctl: $!" }
`
const perl = (script: string): string[] => ['perl', '-e', `${keyctl}${script}`]

test('keys that are added inside are not in the keyring of the session outside', async () => {
  const outside = `
join_new("netns-test");
system(@ARGV) == 0 or die;
print find("netns-probe") ? "found outside\\n" : "not outside\\n";`
  const { stdout, stderr } = await runLauncher({
    steps: smallPlan,
    before: [...perl(outside), '--'],
    command: perl('add("netns-probe"); print "found inside\\n" if find("netns-probe");'),
  })
  expect({ stdout, stderr }).toEqual({ stdout: 'found inside\nnot outside\n', stderr: '' })
})

function cgroup2Mounts(): string[] {
  return execFileSync('/bin/sh', ['-c', 'awk \'$3 == "cgroup2" { print $2 }\' /proc/self/mounts'], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter(Boolean)
}
