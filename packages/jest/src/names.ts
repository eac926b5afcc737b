import { fileURLToPath } from 'node:url'

/** Name of the environment and of its key in `testEnvironmentOptions`. Jest resolves `jest-environment-<name>`. */
export const ENVIRONMENT_NAME = 'netns'
export const environmentPath = fileURLToPath(new URL('index.js', import.meta.url))
export const runnerPath = fileURLToPath(new URL('runner.js', import.meta.url))
