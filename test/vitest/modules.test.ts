import { expect, test } from 'vitest'
import { plainAndIsolated, VitestProject, type VitestResult } from '../support/vitest-project.ts'

/** What `report` of the fixture printed. */
function outcomesOf({ output }: VitestResult): Record<string, unknown> {
  const lines = output.split('\n').flatMap((line) => /^OUTCOME (.*)$/.exec(line)?.[1] ?? [])
  const unstable = (text: string): string => text.replace(/modules-[A-Za-z0-9]{6}/g, 'modules-x')
  return Object.assign({}, ...lines.map((line) => JSON.parse(unstable(line)) as object)) as Record<
    string,
    unknown
  >
}

const environments = ['node', 'happy-dom'] as const

test.for(environments)(
  'modules that a test writes load as in plain Vitest (base: %s)',
  async (base) => {
    const { plain, isolated } = await runBoth(['tests/written'], base)
    expect(Object.keys(isolated)).toHaveLength(26)
    expect(isolated).toEqual(plain)
  },
)

test.for(environments)(
  'modules that a test changes or removes load as in plain Vitest (base: %s)',
  async (base) => {
    const { plain, isolated } = await runBoth(['tests/changed'], base)
    expect(isolated).toEqual(plain)
    expect(isolated).toMatchObject({
      changed: { value: 'changed' },
      'importer of changed': { seen: 'base is changed' },
      removed: { code: 'ERR_MODULE_NOT_FOUND' },
      static: { seen: 'later is there' },
      mocked: { value: 'mock' },
    })
  },
)

test('what one file writes, changes and removes is never seen by another file', async () => {
  const project = new VitestProject({
    fixture: 'modules',
    test: { fileParallelism: false, sequence: { shuffle: { files: true } } },
  })
  for (const seed of ['1', '2', '3']) {
    const { output, exitCode } = await project.run([`--sequence.seed=${seed}`])
    expect(exitCode, output).toBe(0)
  }
})

async function runBoth(
  args: readonly string[],
  base: (typeof environments)[number],
): Promise<Record<'plain' | 'isolated', Record<string, unknown>>> {
  const { isolated } = plainAndIsolated({
    fixture: 'modules',
    test: { environmentOptions: { netns: { base } } },
  })
  const { plain } = plainAndIsolated({ fixture: 'modules', test: { environment: base } })
  const results = { plain: await plain.run(args), isolated: await isolated.run(args) }
  expect(results.isolated.exitCode, results.isolated.output).toBe(results.plain.exitCode)
  return { plain: outcomesOf(results.plain), isolated: outcomesOf(results.isolated) }
}
