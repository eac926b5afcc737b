import { join } from 'node:path'
import process from 'node:process'
import type { NetnsOptions } from '@netns/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { drive, outcomesOf, probeCommand, type Outcomes } from '../support/sandbox-drive.ts'
import { everywhere, makeScratch } from '../support/sandbox-surroundings.ts'

const port = 15_000 + (process.pid % 10_000)

describe.each(everywhere)('$name', (surroundings) => {
  let inside: Outcomes
  let changed: readonly string[]
  let scratch: string
  let unbound: Record<'none' | 'host', Outcomes>

  beforeAll(async () => {
    scratch = makeScratch(surroundings)
    const shared = join(scratch, 'shared')
    const fresh = '/etc/shop/deep'
    const command = probeCommand('options', { fresh, port })
    const options: NetnsOptions = {
      fs: {
        private: [fresh, 'emptied'],
        bind: { through: shared, 'one-file': join(scratch, 'shared-file') },
      },
      hostname: 'shop-1',
      hosts: { 'db.shop.test': '127.0.0.9' },
      env: { allow: ['PATH', 'HOME', 'KEPT_*', 'NETNS_*', 'ASAN_*'], set: { ADDED: 'yes' } },
      limits: { openFiles: 123 },
    }
    const env = { KEPT_ONE: 'kept', SECRET: 'token' }
    const answer = await drive(surroundings, scratch, {
      setUp:
        'mkdir shared emptied; echo old > shared/old; echo old > emptied/old; echo old > shared-file',
      listen: [port],
      runs: [
        { command, options, env },
        { command, options: { net: 'none' } },
        { command, options: { net: 'host' } },
      ],
      watch: [scratch],
    })
    const [first, none, host] = answer.results.map(outcomesOf)
    inside = first ?? {}
    unbound = { none: none ?? {}, host: host ?? {} }
    changed = answer.changed.map((path) => path.slice(scratch.length))
  })

  test('fs.private: a directory is fresh, empty and writable, also where the user may not make one', () => {
    expect(inside['freshDirectory']?.value).toEqual([[], ['config.json'], '755'])
    expect(inside['emptied']?.value).toEqual([false, []])
  })

  test('fs.bind: directories and files are written through, and nothing else is', () => {
    expect(inside['bound']?.value).toBe('old\n')
    expect(changed.toSorted()).toEqual(['/shared', '/shared-file', '/shared/new'])
  })

  test('env: only what is allowed and set is seen', () => {
    expect(inside['environment']?.value).toEqual(['kept', null, 'yes'])
  })

  test('hostname and hosts are those of the options', () => {
    expect(inside['hostname']?.value).toBe('shop-1')
    expect(inside['hosts']?.value).toBe(true)
  })

  test('limits hold for children too', () => {
    expect(inside['openFiles']?.value).toBe('123')
  })

  test("net: 'none' has no network at all, not even lo", () => {
    expect(unbound.none['listenAndReach']?.code).toMatch(/^(ENETUNREACH|EADDRNOTAVAIL)$/)
    expect(unbound.none['serviceOfHost']?.code).toBe('ENETUNREACH')
  })

  test("net: 'host' is the network of the host", () => {
    expect(unbound.host['listenAndReach']?.value).toBe('own')
    expect(unbound.host['serviceOfHost']?.value).toBe('from outside')
    expect(inside['serviceOfHost']?.code).toBe('ECONNREFUSED')
  })
})
