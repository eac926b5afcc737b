import { beforeAll, describe, expect, test } from 'vitest'
import {
  drive,
  outcomesOf,
  probeCommand,
  type Outcomes,
  type RunResult,
} from '../support/sandbox-drive.ts'
import { everywhere, makeScratch } from '../support/sandbox-surroundings.ts'

/** What may not change on the host, as a shell shows it. */
const state = `
hostname; sysctl -n kernel.panic vm.overcommit_ratio net.ipv4.ip_forward; ipcs | grep -c ^0x || true; ls /dev/mqueue || true`

describe.each(everywhere)('$name', (surroundings) => {
  const { isRoot, isContainer } = surroundings
  let inside: Outcomes
  let result: RunResult
  let toAll: RunResult | undefined
  let hostLines: string[]

  beforeAll(async () => {
    const { results, afterwards } = await drive(surroundings, makeScratch(surroundings), {
      setUp: `sleep 977 >/dev/null 2>&1 & echo $! > host-pid; { ${state}; } > before`,
      runs: [
        { command: probeCommand('processes'), options: { hostname: 'own-name' }, pidBase: 5000 },
        { command: ['/bin/sh', '-c', 'sleep 100 & kill -TERM -1; wait; echo over'] },
      ],
      afterwards: `{ ${state}; } | cmp before - && echo same; kill $(cat host-pid) && echo alive`,
    })
    result = results[0] as RunResult
    toAll = results[1]
    inside = outcomesOf(result)
    hostLines = afterwards.trim().split('\n')
  })

  test('pids start anew, at the number that the plan gives', () => {
    expect(inside['pid']?.value).toBe(5000)
    expect(inside['parent']?.value).toBe(1)
    // The kernel counts on from there only where /proc/sys/kernel/ns_last_pid can be written.
    const first = isContainer ? 2 : 5001
    expect(inside['pidOfChild']?.value).toBeGreaterThanOrEqual(first)
    expect(inside['pidOfChild']?.value).toBeLessThan(first + 100)
  })

  test('host processes can be neither signalled nor traced', () => {
    expect(inside['signalHostProcess']).toMatchObject({ code: 'ESRCH' })
    expect(inside['traceHostProcess']?.value).toBe(1)
    expect(hostLines).toContain('alive')
  })

  test('a signal to every process reaches those of the sandbox alone', () => {
    expect(toAll).toMatchObject({ stdout: 'over\n', end: { exitCode: 0 } })
    expect(hostLines).toContain('alive')
  })

  // Where the host's /proc is masked the kernel refuses a fresh one: it shows outer pids, and says so.
  if (isContainer) {
    test('a masked /proc stays, and the report says so', () => {
      expect(result.degraded).toContainEqual(
        expect.objectContaining({ stage: 'proc', path: '/proc', errno: 'EPERM' }),
      )
      expect((inside['self']?.value as unknown[] | undefined)?.[1]).toBe(true)
    })
  } else {
    test('host processes are not seen: /proc is of the own pid namespace', () => {
      expect(inside['seesHostProcess']?.value).toEqual([])
      expect(inside['seen']?.value).toEqual([1, 5000])
      expect(inside['self']?.value).toEqual([5000, true])
      expect(result.degraded).toEqual([])
    })
  }

  test('SysV and POSIX IPC are private', () => {
    expect(inside['sysV']?.value).toEqual([0, 3])
    expect(inside['messageQueues']?.value).toEqual([[], ['inside']])
  })

  test('the host name is private', () => {
    expect(inside['hostname']?.value).toBe('own-name')
    if (isRoot) expect(inside['setHostname']?.value).toBe('changed-inside')
    else expect(inside['setHostname']?.code).toBeDefined()
  })

  test('the cgroup view begins at the own cgroup', () => {
    const groups = inside['cgroup']?.value as string[]
    if (!isContainer) expect(new Set(groups)).toEqual(new Set(['/']))
    expect(groups.length).toBeGreaterThan(0)
  })

  const ofTheMachine = ['sysctlOfMachine', 'sysctlOfMachine2', 'dropCaches', 'sysrq', 'sysfs']

  test.each(ofTheMachine)('what belongs to the whole machine cannot be written: %s', (name) => {
    expect(inside[name]?.code).toMatch(/^(EROFS|EACCES|EPERM|ENOENT)$/)
  })

  test('sysctls of the own network can be written by root', () => {
    if (isRoot && !isContainer) expect(inside['sysctlOfOwnNetwork']?.value).toBe('1\n')
    else expect(inside['sysctlOfOwnNetwork']?.code).toMatch(/^(EROFS|EACCES)$/)
  })

  test('nothing of it changes the host', () => {
    expect(hostLines).toContain('same')
  })

  test('/dev has what programs need and nothing else', () => {
    expect(inside['devices']?.value).toEqual([
      'fd',
      'full',
      'mqueue',
      'null',
      'ptmx',
      'pts',
      'random',
      'shm',
      'stderr',
      'stdin',
      'stdout',
      'tty',
      'urandom',
      'zero',
    ])
    expect(inside['useDevices']?.value).toEqual(['', ' 00 00 00 00\n9\n'])
    expect(inside['fullDevice']).toMatchObject({ code: 'ENOSPC' })
    expect(inside['pseudoTerminal']?.value).toBe('/dev/pts/0')
  })
})
