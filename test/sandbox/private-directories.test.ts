import { basename, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { drive, outcomesOf, probeCommand, type Outcomes } from '../support/sandbox-drive.ts'
import { everywhere, makeScratch } from '../support/sandbox-surroundings.ts'

const oneMegabyte = 1024 * 1024

describe.each(everywhere)('$name', (surroundings) => {
  let inside: Outcomes
  let heard: readonly number[]
  let changed: readonly string[]
  let left: string

  beforeAll(async () => {
    const scratch = makeScratch(surroundings)
    const name = basename(scratch)
    const sockets = {
      inTmp: `/tmp/${name}.sock`,
      inVarTmp: `/var/tmp/${name}.sock`,
      // Only root has a place in /run on every machine.
      inRun: surroundings.isRoot ? `/run/${name}.sock` : `/dev/shm/${name}.sock`,
      inProject: join(scratch, 'socket'),
      abstract: `@${name}`,
    }
    const answer = await drive(surroundings, scratch, {
      setUp: `echo secret > /tmp/${name}.txt; echo secret > /var/tmp/${name}.txt; echo secret > /dev/shm/${name}.txt`,
      listen: Object.values(sockets),
      runs: [
        {
          command: probeCommand('private-dirs', sockets),
          options: { fs: { tmpSizeBytes: 8 * oneMegabyte } },
        },
      ],
      watch: [`/tmp/${name}.txt`, `/var/tmp/${name}.txt`, `/dev/shm/${name}.txt`],
      afterwards: `ls /tmp/mine /var/tmp/mine /run/mine /dev/shm/mine 2>/dev/null || true
        rm -f /tmp/${name}.* /var/tmp/${name}.* /run/${name}.* /dev/shm/${name}.*`,
    })
    inside = outcomesOf(answer.results[0])
    ;({ heard, changed, afterwards: left } = answer)
  })

  test('/tmp, /var/tmp, /run and /dev/shm have the modes that programs expect', () => {
    expect(inside['modes']?.value).toEqual(['1777', '1777', '755', '1777'])
  })

  test('nothing of the host is in them', () => {
    const contents = (inside['contents']?.value ?? []) as string[][]
    // The way to a project below one of them is visible, nothing beside it.
    const isWay = (path: string): boolean => import.meta.dirname.startsWith(`${path}/`)
    const others = ['/tmp', '/var/tmp', '/run', '/dev/shm'].map((directory, index) =>
      contents[index]?.filter((entry) => !isWay(join(directory, entry))),
    )
    expect(others).toEqual([[], [], [], []])
  })

  test('they are writable, and nothing of it is seen on the host', () => {
    expect(inside['write']?.value).toBe(4)
    expect(left).toBe('')
    expect(changed).toEqual([])
  })

  test('their size is limited: a full one gives ENOSPC and harms no other', () => {
    expect(inside['fill']).toMatchObject({ code: 'ENOSPC' })
    expect(inside['fillAgain']).toMatchObject({ code: 'ENOSPC' })
    expect(inside['fillShared']).toMatchObject({ code: 'ENOSPC' })
    expect(inside['afterwards']?.code).toBeUndefined()
  })

  test('sockets of the host in them do not exist inside', () => {
    expect(inside['inTmp']).toMatchObject({ code: 'ENOENT' })
    expect(inside['inVarTmp']).toMatchObject({ code: 'ENOENT' })
    expect(inside['inRun']).toMatchObject({ code: 'ENOENT' })
  })

  test('sockets of the host elsewhere and abstract ones do not answer', () => {
    expect(inside['inProject']).toMatchObject({ code: 'ECONNREFUSED' })
    expect(inside['abstract']).toMatchObject({ code: 'ECONNREFUSED' })
    expect(heard).toEqual([0, 0, 0, 0, 0])
  })
})
