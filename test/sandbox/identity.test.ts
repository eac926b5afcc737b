import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { drive, outcomesOf, probeCommand, type Outcomes } from '../support/sandbox-drive.ts'
import {
  everywhere,
  here,
  makeScratch,
  type Surroundings,
} from '../support/sandbox-surroundings.ts'

function makeProject(owner: Surroundings): string {
  const project = makeScratch(owner)
  writeFileSync(join(project, 'mode-zero'), 'secret')
  mkdirSync(join(project, 'closed'))
  for (const name of ['mode-zero', 'closed']) {
    chmodSync(join(project, name), 0)
    chownSync(join(project, name), owner.uid, owner.gid)
  }
  return project
}

describe.each(everywhere)('$name', (surroundings) => {
  const { isRoot, uid, gid } = surroundings
  let inside: Outcomes
  let outside: string[]

  beforeAll(async () => {
    const { results, afterwards } = await drive(surroundings, makeProject(surroundings), {
      runs: [{ command: probeCommand('identity') }],
      afterwards: 'id -un; echo "$HOME"; id -G',
    })
    inside = outcomesOf(results[0])
    outside = afterwards.split('\n')
  })

  test('a test has the user and group ids that it has outside', () => {
    expect(inside['ids']?.value).toEqual([uid, uid, gid, gid])
    expect(inside['idOfChild']?.value).toMatch(new RegExp(`^uid=${uid}\\(.*gid=${gid}\\(`))
  })

  test('user name and HOME are those outside', () => {
    expect(inside['userName']?.value).toBe(outside[0])
    expect(inside['home']?.value).toEqual([outside[1], outside[1]])
  })

  test('no group is gained', () => {
    const groups = (outside[2] ?? '').split(' ').map(Number)
    // The kernel shows groups that are not mapped as 65534.
    expect([65534, ...groups]).toEqual(expect.arrayContaining(inside['groups']?.value as number[]))
  })

  test('a file of the user belongs to the user', () => {
    expect(inside['ownerOfOwnFile']?.value).toBe(uid)
  })

  const unreadable = ['modeZeroMadeInside', 'modeZeroOfHost', 'directoryModeZero', 'shadow']

  test.each(unreadable)('what the user cannot read stays unreadable: %s', (probe) => {
    if (isRoot) expect(inside[probe]).toHaveProperty('value')
    else expect(inside[probe]).toMatchObject({ code: 'EACCES' })
  })

  const notTheirs = ['writeEtc', 'writeEtcPasswd', 'writeUsrBin', 'makeInRoot']

  test.each(notTheirs)('what belongs to the system is writable for root alone: %s', (probe) => {
    if (isRoot) expect(inside[probe]?.code).toBeUndefined()
    else expect(inside[probe]).toMatchObject({ code: 'EACCES' })
  })

  test('root may change owners and modes of any file, an ordinary user may not', () => {
    if (isRoot) {
      expect(inside['chown']?.value).toEqual([1234, 5678])
      expect(inside['chmodOfForeign']?.code).toBeUndefined()
    } else {
      // EPERM outside; the kernel finds first that the id is not mapped.
      expect(inside['chown']).toMatchObject({ code: 'EINVAL' })
      expect(inside['chmodOfForeign']).toMatchObject({ code: 'EPERM' })
    }
  })

  test('an ordinary user has no capability, and no setuid program gives one', () => {
    const none = ['Inh', 'Prm', 'Eff', 'Amb'].map((set) => `Cap${set}: ${'0'.repeat(16)}`)
    if (isRoot) expect(inside['capabilitiesOfChild']?.value).not.toBe(none.join(' '))
    else expect(inside['capabilitiesOfChild']?.value).toBe(none.join(' '))
    expect(inside['noNewPrivileges']?.value).toBe(isRoot ? 'NoNewPrivs: 0' : 'NoNewPrivs: 1')
  })
})

test('a HOME that does not exist is no hindrance', async () => {
  const { results } = await drive({ ...here, env: { HOME: '/no/such/home' } }, makeProject(here), {
    runs: [{ command: ['/bin/sh', '-c', 'echo "$HOME"; id -u'] }],
  })
  expect(results[0]).toMatchObject({ stdout: `/no/such/home\n${here.uid}\n` })
})

// Only root can have groups that the kernel maps besides its own.
if (here.isRoot) {
  test('every supplementary group of root is kept', async () => {
    const before = ['setpriv', '--groups=0,4,24,12345']
    const { results } = await drive({ ...here, before }, makeProject(here), {
      runs: [{ command: probeCommand('identity') }],
    })
    expect(outcomesOf(results[0])['groups']?.value).toEqual([0, 4, 24, 12345])
  })
}
