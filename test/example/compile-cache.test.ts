import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { cacheOf, succeed } from '../support/compile-cache.ts'
import { VitestProject } from '../support/vitest-project.ts'

test(
  'the compile cache is the same after one run and after five',
  { timeout: 180_000 },
  async () => {
    const project = new VitestProject({ fixture: '../../../examples/vitest' })
    rmSync(project.path('node_modules/.vite'), { recursive: true, force: true })
    await succeed(project)
    const first = cacheOf(project)
    expect(first).not.toEqual([])
    for (let count = 0; count < 4; count++) await succeed(project)
    expect(cacheOf(project)).toEqual(first)
  },
)
