import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { drive, outcomesOf, probeCommand } from '../support/sandbox-drive.ts'
import { everywhere, makeScratch } from '../support/sandbox-surroundings.ts'

describe.each(everywhere)('$name', (surroundings) => {
  test('sandboxes that write the same paths and bind the same ports at once do not see each other', async () => {
    const scratch = makeScratch(surroundings)
    const shared = join(scratch, 'shared')
    const names = ['first', 'second', 'third']
    const { results, changed } = await drive(surroundings, scratch, {
      setUp: 'mkdir shared; echo of-the-host > file',
      // The shared directory is only there for them to wait for each other.
      runs: names.map((name) => ({
        command: probeCommand('together', { name, shared, count: names.length }),
        options: { fs: { bind: { [shared]: shared } } },
      })),
      watch: [join(scratch, 'file')],
    })
    for (const [index, name] of names.entries()) {
      const inside = outcomesOf(results[index])
      expect(inside['listen']?.value).toEqual([3000, 8080])
      expect(inside['write']?.value).toBeUndefined()
      expect(inside['read']?.value).toEqual([name, name])
      expect(inside['ask']?.value).toEqual([name, name])
      expect(inside['pids']?.value).toEqual([])
    }
    expect(changed).toEqual([])
  })
})
