import { execFileSync } from 'node:child_process'
import { basename, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  drive,
  outcomesOf,
  probeCommand,
  type Outcomes,
  type RunResult,
} from '../support/sandbox-drive.ts'
import { everywhere, here, makeScratch } from '../support/sandbox-surroundings.ts'

const hostname = 'shop-box'
/** A server of the host listens here. */
const port = 20_000 + (process.pid % 10_000)

let rawSockets: string
beforeAll(() => {
  rawSockets = join(makeScratch(here), 'raw-sockets')
  const source = fileURLToPath(new URL('../fixtures/sandbox/raw-sockets.c', import.meta.url))
  execFileSync('cc', ['-static', '-O1', '-Wall', '-Wextra', '-Werror', '-o', rawSockets, source])
})

describe.each(everywhere)('$name', (surroundings) => {
  const { isRoot, isContainer } = surroundings
  let inside: Outcomes
  let result: RunResult
  let heard: readonly number[]
  let outside: string

  beforeAll(async () => {
    const scratch = makeScratch(surroundings)
    const abstract = `@${basename(scratch)}`
    const answer = await drive(surroundings, scratch, {
      listen: [port, abstract],
      setUp: 'ip route > routes',
      runs: [
        {
          command: probeCommand('network', { hostname, port, abstract }),
          options: { hostname, hosts: { 'db.shop.test': '127.0.0.1' } },
        },
      ],
      afterwards: `ip -o addr show lo; ip -o link show lo; ip route | cmp routes - && echo same-routes`,
    })
    result = answer.results[0] as RunResult
    inside = outcomesOf(result)
    heard = answer.heard
    outside = answer.afterwards
  })

  test('there is only lo, and it is up with both families', () => {
    const links = inside['links']?.value as { ifname: string; flags: string[] }[]
    expect(links.map(({ ifname }) => ifname)).toEqual(['lo'])
    expect(links[0]?.flags).toEqual(expect.arrayContaining(['LOOPBACK', 'UP']))
    expect(Object.keys(inside['interfaces']?.value as object)).toEqual(['lo'])
  })

  test('there is no route out', () => {
    expect(inside['routes']?.value).toEqual(['', ''])
  })

  const echoes = [
    'echo4',
    'echo6',
    'echoLocalhost4',
    'echoLocalhost6',
    'echoHostName',
    'echoOther127',
  ]

  test.each(echoes)('servers and clients inside reach each other: %s', (name) => {
    expect(inside[name]).toMatchObject({ value: 'hello' })
  })

  test('ports below 1024 can be bound, where /proc/sys can be written', () => {
    const isBound = isRoot || !isContainer
    const expected = isBound ? { value: 'hello' } : { code: 'EACCES' }
    expect(inside['port80']).toMatchObject(expected)
    expect(inside['port443']).toMatchObject(expected)
    const degraded = result.degraded.filter(({ path }) =>
      path.endsWith('ip_unprivileged_port_start'),
    )
    expect(degraded).toEqual(
      isContainer ? [expect.objectContaining({ stage: 'sysctl', errno: 'EROFS' })] : [],
    )
  })

  test('localhost and the host name have addresses, also with AI_ADDRCONFIG', () => {
    const v4 = { address: '127.0.0.1', family: 4 }
    const v6 = { address: '::1', family: 6 }
    expect(inside['localhost']?.value).toEqual(expect.arrayContaining([v4, v6]))
    expect(inside['localhost4']?.value).toContainEqual(v4)
    expect(inside['localhost6']?.value).toContainEqual(v6)
    expect(inside['ownHostName']?.value).toContainEqual(v4)
    expect(inside['listedHost']?.value).toContainEqual(v4)
  })

  const beyond = [
    'outside4',
    'outside6',
    'outsideGateway',
    'outsideUdp',
    'outsideUdp6',
    'outsideMulticast',
    'fetchOutside',
  ]

  test.each(beyond)('an address outside fails at once with ENETUNREACH: %s', (name) => {
    expect(inside[name]).toMatchObject({ code: 'ENETUNREACH' })
  })

  test('the kernel counts every attempt that had no route', () => {
    expect(result.end.noRoute?.ipv4).toBeGreaterThanOrEqual(5)
    expect(result.end.noRoute?.ipv6).toBeGreaterThanOrEqual(2)
  })

  test('an unknown name is ENOTFOUND', () => {
    expect(inside['unknownName']).toMatchObject({ code: 'ENOTFOUND' })
    expect(inside['unknownNameFetched']).toMatchObject({ code: 'ENOTFOUND' })
  })

  test('a resolver of its own, which asks a name server, is refused', () => {
    expect(inside['unknownNameByCares']).toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('all of these fail within 50 ms', () => {
    const shortest = inside['shortestMs']?.value as Record<string, number>
    for (const [what, ms] of Object.entries(shortest)) {
      expect.soft(ms, what).toBeLessThan(50)
    }
  })

  test('an unknown name is told at once to a child process too', () => {
    const { status, stderr, ms } = (inside['unknownNameByChild']?.value ?? {}) as Record<
      string,
      unknown
    >
    expect([status, stderr]).toEqual([6, expect.stringMatching(/Could not resolve host/)])
    // Most of it is the start of curl; a look-up that waits takes seconds.
    expect(ms).toBeLessThan(500)
  })

  test("the host's services and abstract sockets are not reachable", () => {
    expect(inside['serviceOfHost']).toMatchObject({ code: 'ECONNREFUSED' })
    expect(inside['abstractSocketOfHost']).toMatchObject({ code: 'ECONNREFUSED' })
    expect(inside['abstractSocketOfOurs']?.value).toBe('ours')
    expect(heard).toEqual([0, 0])
  })

  test("raw and packet sockets do not reach the host's links", async () => {
    const { results } = await drive(surroundings, makeScratch(surroundings), {
      runs: [{ command: [rawSockets] }],
    })
    const lines = results[0]?.stdout.trim().split('\n')
    // Without the capability there are no such sockets at all.
    const refused = ['packet socket: EPERM', 'raw socket: EPERM']
    const alone = ['links: 1', 'other link: ENODEV', 'ping outside: ENETUNREACH']
    expect(lines).toEqual(isRoot ? alone : refused)
  })

  test('ip, ss, tc and nft can query', () => {
    expect(inside['query']?.value).toEqual([0, 0, 0, 0, 0, 0])
    // The kernel lets nobody without CAP_NET_ADMIN see rules.
    expect(inside['nftList']?.value).toBe(isRoot ? 0 : 1)
  })

  const changes = ['change', 'changed', 'linkChange', 'nftChange', 'tcChange']

  test.each(changes)('root changes the network of its own, nobody else does: %s', (name) => {
    if (isRoot) expect(inside[name]?.message).toBeUndefined()
    else expect(inside[name]?.code).toBeDefined()
  })

  test('nothing outside changes', () => {
    expect(outside).not.toMatch(/198\.51\.100\.7|mtu 1400|pfifo limit 77/)
    expect(outside).toMatch(/same-routes/)
  })
})
