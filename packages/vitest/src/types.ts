import type { NetnsOptions } from '@netns/core'

export type { NetnsOptions } from '@netns/core'

declare module 'vitest/node' {
  interface EnvironmentOptions {
    /** Options of the sandboxes that `environment: 'netns'` gives to test files. */
    netns?: NetnsOptions
  }
}
