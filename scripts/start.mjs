import { bin, exampleDirectory } from './lib/paths.mjs'
import { run, runMain } from './lib/process.mjs'
import { setup } from './lib/setup.mjs'

/** `npm start`: the example's suite, every test file in a sandbox of its own. */
await runMain(async () => {
  await setup()
  const result = await run(bin('vitest'), ['run'], { cwd: exampleDirectory, show: true })
  return result.ok ? 0 : 1
})
