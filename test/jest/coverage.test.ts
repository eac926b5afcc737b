import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isolations, plainAndIsolated, type JestProject } from '../support/jest-project.ts'

function coverageOf(project: JestProject): unknown {
  const text = readFileSync(project.path('coverage/coverage-final.json'), 'utf8')
  // Istanbul's hash is one of the path too.
  return JSON.parse(text.replaceAll(project.directory, '<project>'), (key, value: unknown) =>
    key === 'hash' ? undefined : value,
  )
}

test.each(
  isolations.flatMap((isolation) => [
    { isolation, provider: 'babel' },
    { isolation, provider: 'v8' },
  ]),
)('coverage by $provider is that of plain Jest, isolation: $isolation', async (one) => {
  const { isolation, provider } = one
  const { plain, isolated } = plainAndIsolated({
    fixture: 'coverage',
    config: { coverageProvider: provider, collectCoverageFrom: ['src/**'] },
    netns: { isolation },
  })
  const args = ['--coverage', '--coverageReporters=json']
  await Promise.all([plain.run(args), isolated.run(args)])
  const coverage = coverageOf(isolated)
  expect(coverage).toEqual(coverageOf(plain))
  expect(Object.keys(coverage as object)).toHaveLength(3)
})
