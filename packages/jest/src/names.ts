import { createRequire } from 'node:module'

/** Name of the environment and of its key in `testEnvironmentOptions`. Jest resolves `jest-environment-<name>`. */
export const ENVIRONMENT_NAME = 'netns'

// This package's own exports, whichever file this code was bundled into.
const { resolve } = createRequire(import.meta.url)
export const environmentPath = resolve('jest-environment-netns')
export const runnerPath = resolve('jest-environment-netns/runner')
