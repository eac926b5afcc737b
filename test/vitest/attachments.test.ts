import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { listTree } from '../support/files.ts'
import { plainAndIsolated, VitestProject } from '../support/vitest-project.ts'

const reporter = fileURLToPath(
  new URL('../fixtures/vitest/reporters/annotations.mjs', import.meta.url),
)

/** The names of attachments hold a hash of the path, so both runs must have the same one. */
const attachmentsOf = (project: VitestProject): string[] =>
  Object.entries(listTree(project.directory))
    .filter(([path]) => /attachments\/./.test(path))
    .map(([path, content]) => `${path.replace(/[0-9a-f]{40}/, '<sha1>')} ${content}`)

const annotationsOf = (project: VitestProject): string =>
  readFileSync(project.path('annotations.json'), 'utf8')
    .replaceAll(project.directory, '<project>')
    .replace(/[0-9a-f]{40}/g, '<sha1>')

test('attachments are stored as plain Vitest stores them, also of files that exist only inside', async () => {
  const { plain, isolated } = plainAndIsolated({ fixture: 'attachments' })
  const args = ['--reporter=default', `--reporter=${reporter}`]
  await plain.run(args)
  const { exitCode, output } = await isolated.run(args)
  expect(exitCode, output).toBe(0)
  expect(annotationsOf(isolated)).toBe(annotationsOf(plain))
  expect(attachmentsOf(isolated)).toEqual([
    expect.stringContaining('<svg>changed</svg>'),
    expect.stringContaining('<p>made</p>'),
    expect.stringContaining('<svg>project</svg>'),
  ])
})

test('an attachment has the name that its path inside gives', async () => {
  const project = new VitestProject({ fixture: 'attachments' })
  await project.run()
  const names = Object.keys(listTree(project.directory)).join('\n')
  for (const name of ['made/report.html', 'picture.svg']) {
    expect(names).toContain(createHash('sha1').update(project.path(name)).digest('hex'))
  }
})
