import { expect, test } from 'vitest'
import { VitestProject } from '../support/vitest-project.ts'

test('a test file runs in a sandbox of its own', async () => {
  const project = new VitestProject({
    files: {
      'a.test.js': `
        import { writeFileSync } from 'node:fs'
        import { hostname } from 'node:os'
        import { expect, test } from 'vitest'
        test('a', () => {
          writeFileSync('left.txt', 'x')
          expect(hostname()).toBe('netns')
        })`,
    },
  })
  const { output, exitCode } = await project.run()
  expect(output).toContain('1 passed')
  expect(exitCode).toBe(0)
})
