/** Name of the environment, of the key in `environmentOptions`, and of the pool. Vitest resolves `vitest-environment-<name>`. */
export const ENVIRONMENT_NAME = 'netns'
export const POOL_NAME = 'netns'

/** Where the worker's entry leaves the options of `perTest` for the setup file. */
export const PER_TEST_KEY: symbol = Symbol.for('netns.perTest')
