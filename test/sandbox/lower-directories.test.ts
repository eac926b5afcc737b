import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { drive, outcomesOf, probeCommand, type Outcomes } from '../support/sandbox-drive.ts'
import { everywhere, makeScratch } from '../support/sandbox-surroundings.ts'

const setUp = `
mkdir -p lower/deep copied/lower/deep files tree/a/b watched
echo old | tee lower/deep/file > copied/lower/deep/file
for name in one three four; do echo $name > files/$name; done; for name in 1 2 3; do echo > tree/a/b/$name; done
echo > watched/file; echo > watched/other; echo > watched/polled`

describe.each(everywhere)('$name', (surroundings) => {
  let overlay: Outcomes
  let copied: Outcomes
  let changed: readonly string[]

  beforeAll(async () => {
    const scratch = makeScratch(surroundings)
    const answer = await drive(surroundings, scratch, {
      setUp,
      runs: [
        { command: probeCommand('lower-directories', { copied: '' }) },
        {
          command: probeCommand('lower-directories', { copied: 'copied/' }),
          options: { fs: { copy: ['copied'] } },
        },
      ],
      watch: [scratch],
    })
    overlay = outcomesOf(answer.results[0])
    copied = outcomesOf(answer.results[1])
    changed = answer.changed
  })

  test('the rename of a directory of the host is EXDEV, as between two file systems', () => {
    expect(overlay['renameLower']).toMatchObject({ code: 'EXDEV' })
  })

  test('below fs.copy a directory of the host can be renamed', () => {
    expect(copied['renameLower']?.code).toBeUndefined()
    expect(copied['renamedContent']?.value).toBe('old\n')
  })

  test('a directory that the test made can be renamed anywhere', () => {
    expect(overlay['renameNew']?.value).toBe('mine')
  })

  test('a file of the host can be renamed', () => {
    expect(overlay['renameFileOfLower']?.value).toEqual(['four', 'three', 'two'])
  })

  test('a tree of the host can be copied and removed', () => {
    expect(overlay['copyAndRemove']?.value).toEqual([false, 5])
    expect(overlay['removeByCommand']?.value).toBe(false)
  })

  test('links and renames to the private /tmp are EXDEV, as between any two mounts', () => {
    expect(overlay['linkAcross']).toMatchObject({ code: 'EXDEV' })
    expect(overlay['renameAcross']).toMatchObject({ code: 'EXDEV' })
  })

  test('file watchers see the change of a file of the host, which copies it up', () => {
    expect(overlay['watchFile']?.value).toEqual(['change', 'file'])
    expect(overlay['watchDirectory']?.value).toEqual(['change', 'other'])
    expect(overlay['watchNew']?.value).toEqual(['rename', 'new'])
    expect(overlay['pollFile']?.value).toBe(true)
  })

  test('a file keeps its inode number when it is copied up', () => {
    expect(overlay['sameFileAfterCopyUp']?.value).toBe(true)
  })

  test('the host is as it was', () => expect(changed).toEqual([]))
})

describe.each(everywhere)('$name', (surroundings) => {
  test('mounts made inside are seen by nobody else, and vanish', async () => {
    const scratch = makeScratch(surroundings)
    const script =
      'mkdir m && mount -t tmpfs netns-inside m && touch m/x && grep -c netns-inside /proc/self/mountinfo'
    // An ordinary user mounts in a user namespace of a child.
    const own = surroundings.isRoot ? [] : ['unshare', '--user', '--map-root-user', '--mount']
    const { results, afterwards } = await drive(surroundings, scratch, {
      runs: [{ command: [...own, '/bin/sh', '-c', script] }],
      afterwards: `grep -c netns-inside /proc/self/mountinfo || true; ls -A`,
    })
    expect(results[0]).toMatchObject({ stderr: '', stdout: '1\n', end: { exitCode: 0 } })
    expect(afterwards).toBe('0\n')
  })

  test('mounts of the sandbox itself are not seen on the host while it runs', async () => {
    const scratch = makeScratch(surroundings)
    const shared = join(scratch, 'shared')
    // The runner and the sandbox each say what they see, at the same time.
    const { results } = await drive(surroundings, scratch, {
      setUp: 'mkdir shared; cat /proc/self/mountinfo > shared/before',
      runs: [
        {
          command: ['/bin/sh', '-c', 'grep -c " - overlay " /proc/self/mountinfo'],
          options: { fs: { bind: { [shared]: shared } } },
        },
      ],
      afterwards: 'cat /proc/self/mountinfo | cmp - shared/before',
    })
    expect(Number(results[0]?.stdout)).toBeGreaterThan(0)
  })
})
