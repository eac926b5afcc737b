/** Name of the environment, of the key in `environmentOptions`, and of the pool. Vitest resolves `vitest-environment-<name>`. */
export const ENVIRONMENT_NAME = 'netns'
export const POOL_NAME = 'netns'
