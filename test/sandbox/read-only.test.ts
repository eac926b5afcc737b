import { join } from 'node:path'
import type { FsOptions } from '@netns/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { drive, outcomesOf, probeCommand, type Outcomes } from '../support/sandbox-drive.ts'
import { here, makeScratch, withMountAt } from '../support/sandbox-surroundings.ts'

const setUp = `
mkdir -p data/writable hidden-directory/deep tree/hidden tree/seen; echo old > data/file; echo old > data/writable/old
echo secret > hidden-file; echo secret > hidden-directory/deep/file; echo secret > tree/hidden/file
echo below > data/mounted/file; echo secret > data/mounted/hidden`

async function probe(fs: FsOptions, parent?: string) {
  const scratch = makeScratch(here, parent)
  const mount = join(scratch, 'data/mounted')
  const { results, changed } = await drive(withMountAt(mount), scratch, {
    setUp,
    runs: [{ command: probeCommand('read-only'), options: { fs } }],
    watch: [scratch],
  })
  return { inside: outcomesOf(results[0]), changed }
}

const writes = [
  'create',
  'append',
  'truncate',
  'makeDirectory',
  'remove',
  'rename',
  'chmod',
  'createInMount',
  'removeInMount',
]

const writable = ['data/writable', 'made']

/** Each way to say that a directory with a mount below it is read-only; private directories need a way of their own. */
const ways: { what: string; fs: FsOptions; beside: boolean; parent?: string }[] = [
  { what: 'fs.readonly', fs: { readonly: ['data'], writable }, beside: true },
  { what: "fs.mode: 'readonly'", fs: { mode: 'readonly', writable }, beside: false },
  {
    what: 'fs.readonly in a project below /var/tmp',
    fs: { readonly: ['data'], writable },
    beside: true,
    parent: '/var/tmp',
  },
  {
    what: "fs.mode: 'readonly' of a project below /var/tmp",
    fs: { mode: 'readonly', writable },
    beside: false,
    parent: '/var/tmp',
  },
]

describe.each(ways)('$what', ({ fs, beside, parent }) => {
  let inside: Outcomes
  let changed: readonly string[]
  beforeAll(async () => {
    ;({ inside, changed } = await probe(fs, parent))
  })

  test('what is there can be read, also in a mount below', () => {
    expect(inside['read']?.value).toEqual(['old\n', 'below\n'])
  })

  test.each(writes)('a write fails with EROFS, also in a mount below: %s', (name) => {
    expect(inside[name]).toMatchObject({ code: 'EROFS' })
  })

  test('what is not named stays as the mode says', () => {
    expect(inside['beside']?.code).toBe(beside ? undefined : 'EROFS')
    expect(inside['inTmp']?.code).toBeUndefined()
  })

  test('fs.writable is copy-on-write below it, and made where it is missing', () => {
    expect(inside['inWritable']?.value).toEqual(['written', 'old\n', 'written'])
  })

  test('the host is as it was', () => expect(changed).toEqual([]))
})

describe('fs.hide', () => {
  let inside: Outcomes
  let changed: readonly string[]
  const hide = [
    'hidden-file',
    'hidden-directory',
    'tree/hidden',
    'data/mounted/hidden',
    'not/there',
  ]
  beforeAll(async () => {
    ;({ inside, changed } = await probe({ hide }))
  })

  test.each(['hiddenFile', 'hiddenDirectory', 'hiddenDeep', 'hiddenInMount'])(
    'what is hidden does not exist inside: %s',
    (name) => expect(inside[name]).toMatchObject({ code: 'ENOENT' }),
  )

  test('its directory does not list it', () => {
    // The file beside was made by an earlier probe.
    expect(inside['names']?.value).toEqual([['beside', 'data', 'tree'], ['seen']])
  })

  test('its name can be used again', () => {
    expect(inside['makeAgain']?.value).toEqual(['mine', []])
  })

  test('nothing of it is left on the host, not even a mount point', () => {
    expect(changed).toEqual([])
  })
})

test('a directory that hangs on a mount of its own is copy-on-write like any other', async () => {
  const { inside, changed } = await probe({})
  for (const name of writes.filter((one) => one !== 'chmod')) {
    expect([name, inside[name]?.code]).toEqual([name, name === 'rename' ? 'ENOENT' : undefined])
  }
  expect(changed).toEqual([])
})
