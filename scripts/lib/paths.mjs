import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

export const binDirectory = join(root, 'node_modules/.bin')
export const exampleDirectory = join(root, 'examples/vitest')
export const jestExampleDirectory = join(root, 'examples/jest')
export const launcherPath = join(root, 'packages/launcher-linux-x64/bin/netns-launcher')
export const sanitizedLauncherPath = join(root, 'native/build/netns-launcher-asan')

/** @param {string} name a command that a dev dependency installs */
export const bin = (name) => join(binDirectory, name)
