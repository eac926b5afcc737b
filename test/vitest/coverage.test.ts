import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { plainAndIsolated, vitestMajor, type VitestProject } from '../support/vitest-project.ts'

const coverageOf = (project: VitestProject): unknown =>
  JSON.parse(
    readFileSync(project.path('coverage/coverage-final.json'), 'utf8').replaceAll(
      project.directory,
      '<project>',
    ),
  )

/** Coverage of child processes came with Vitest 5. */
const providers = [
  { provider: 'v8' },
  { provider: 'istanbul' },
  ...(vitestMajor >= 5 ? [{ provider: 'v8', autoAttachSubprocess: true }] : []),
]

test.for(providers)('coverage by %j is the same as in plain Vitest', async (provider) => {
  const coverage = { enabled: true, reporter: ['json'], include: ['src/**'], ...provider }
  const { plain, isolated } = plainAndIsolated({ fixture: 'coverage', test: { coverage } })
  const [expected, seen] = await Promise.all([plain.run(), isolated.run()])
  expect(seen.exitCode, seen.output).toBe(0)
  expect(expected.exitCode, expected.output).toBe(0)
  expect(coverageOf(isolated)).toEqual(coverageOf(plain))
  expect(Object.keys(coverageOf(isolated) as object)).toContain('<project>/src/never.ts')
})

test('coverage with isolate: false and shards is the same as in plain Vitest', async () => {
  const coverage = { enabled: true, reporter: ['json'], include: ['src/**'], provider: 'v8' }
  const { plain, isolated } = plainAndIsolated({
    fixture: 'coverage',
    test: { coverage, isolate: false, maxWorkers: 1 },
  })
  await Promise.all([plain.run(['--shard=1/2']), isolated.run(['--shard=1/2'])])
  expect(coverageOf(isolated)).toEqual(coverageOf(plain))
})
