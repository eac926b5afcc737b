import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { bin, root } from './lib/paths.mjs'
import { run, runMain } from './lib/process.mjs'
import { setup } from './lib/setup.mjs'

/** `npm run bench [-- NAME…]`: every benchmark of bench/, one after the other. */
await runMain(async () => {
  await setup()
  const wanted = process.argv.slice(2)
  const names = readdirSync(join(root, 'bench'))
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => file.slice(0, -'.mjs'.length))
    .filter((name) => wanted.length === 0 || wanted.includes(name))
  if (names.length === 0) throw new Error(`bench/ has no ${wanted.join(', ')}`)
  let failed = 0
  for (const name of names.toSorted()) {
    const result = await run(bin('node'), [join(root, 'bench', `${name}.mjs`)], { show: true })
    if (!result.ok) failed += 1
  }
  return failed > 0 ? 1 : 0
})
