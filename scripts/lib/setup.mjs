import { buildLauncher, buildPackages } from './build.mjs'
import { installDependencies } from './dependencies.mjs'

/** From a fresh clone, or from whatever state, to a built repository; fast when it is built already. */
export async function setup() {
  await installDependencies()
  await Promise.all([buildLauncher(), buildPackages()])
}
