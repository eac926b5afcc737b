import { expect } from 'vitest'
import { VitestProject } from './vitest-project.ts'

export interface Suite {
  /** Test files of test/fixtures/vitest/isolate, without `.test.ts`. */
  readonly files: readonly string[]
  /** How many tests they have, so that none is lost. */
  readonly tests: number
  /** How many of them are there to fail, by `test.fails`. @default 0 */
  readonly failing?: number
  /** `test` of the Vitest config. */
  readonly test?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
}

/** Runs tests that call isolate(): all pass, and the project is as it was. Gives the output. */
export async function expectToPass({
  files,
  tests,
  failing = 0,
  test = {},
  env = {},
}: Suite): Promise<string> {
  const project = new VitestProject({ fixture: 'isolate', test })
  const before = project.list()
  const args = files.map((file) => `${file}.test.ts`)
  const { output, exitCode } = await project.run(args, env)
  expect(exitCode, output).toBe(0)
  const ended =
    failing > 0 ? `${tests - failing} passed | ${failing} expected fail` : `${tests} passed`
  expect(output).toContain(`Tests  ${ended} (${tests})`)
  expect(project.list()).toEqual(before)
  return output
}
