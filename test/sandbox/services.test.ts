import { join } from 'node:path'
import process from 'node:process'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  drive,
  outcomesOf,
  probeCommand,
  type DriveResult,
  type Outcomes,
} from '../support/sandbox-drive.ts'
import { everywhere, makeScratch } from '../support/sandbox-surroundings.ts'

const port = 10_000 + (process.pid % 10_000)
const other = port + 10_000

const startRedis = `
redis-server --port ${port} --bind 127.0.0.1 ::1 --unixsocket $PWD/run/redis.sock --dir $PWD --save "" --daemonize yes
until redis-cli -p ${port} PING >/dev/null 2>&1; do :; done`

describe.each(everywhere)('$name', (surroundings) => {
  let inside: Outcomes[]
  let answer: DriveResult

  beforeAll(async () => {
    const scratch = makeScratch(surroundings)
    const run = join(scratch, 'run')
    const names = ['first', 'second']
    answer = await drive(surroundings, scratch, {
      setUp: `mkdir run; ${startRedis}`,
      listen: [other],
      runs: names.map((name) => ({
        command: probeCommand('services', { port, other, name, socket: join(run, 'redis.sock') }),
        options: { net: { services: [port] }, fs: { bind: { [run]: run } } },
      })),
      afterwards: `redis-cli -p ${port} MGET first:count second:count; redis-cli -p ${port} SHUTDOWN NOSAVE || true`,
    })
    inside = answer.results.map(outcomesOf)
  })

  const pong = ['pingOverTcp', 'pingOverTcp6', 'pingByName', 'unixSocket']

  test.each(pong)('a Redis of the host answers at its own address: %s', (name) => {
    for (const outcomes of inside) expect(outcomes[name]).toMatchObject({ value: '+PONG\r\n' })
  })

  test('values of megabytes, ten thousand pipelined commands and pushed messages come through', () => {
    for (const outcomes of inside) {
      expect(outcomes['bigValue']?.value).toBe(true)
      expect(outcomes['pipeline']?.value).toBe(10_001)
      expect(outcomes['subscribe']?.value).toBe(true)
    }
    expect(answer.afterwards.split('\n').slice(0, 2)).toEqual(['10000', '10000'])
  })

  test('a child process reaches it over IPv4, IPv6 and a socket in a bound directory', () => {
    for (const outcomes of inside) {
      expect(outcomes['child']?.value).toEqual(['PONG', '10000'])
      expect(outcomes['unixSocketOfChild']?.value).toBe('PONG')
    }
  })

  test('a port that is no service is refused, although somebody listens there outside', () => {
    for (const outcomes of inside) {
      expect(outcomes['otherPort']).toMatchObject({ code: 'ECONNREFUSED' })
    }
    expect(answer.heard).toEqual([0])
  })

  test('the port of a service is taken inside, as it is outside', () => {
    for (const outcomes of inside) {
      expect(outcomes['portTaken']).toMatchObject({ code: 'EADDRINUSE' })
    }
  })
})
