import { runMain } from './lib/process.mjs'
import { setup } from './lib/setup.mjs'

await runMain(setup)
