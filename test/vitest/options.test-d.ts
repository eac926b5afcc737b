import { defineConfig } from 'vitest/config'
import netns, { type NetnsOptions } from 'vitest-environment-netns/plugin'

/** Checked by `tsc`: what a user writes is typed, and mistakes are refused. */
export const config = defineConfig({
  plugins: [netns()],
  test: {
    environment: 'netns',
    environmentOptions: {
      netns: {
        fs: {
          mode: 'readonly',
          keep: ['artifacts/**'],
          bind: { '/srv/data': './data' },
          tmpSizeBytes: 1e6,
        },
        net: { mode: 'loopback', services: [3000] },
        env: { allow: ['PATH'], set: { A: 'b' } },
        limits: { openFiles: 100 },
        base: 'happy-dom',
        fallback: 'warn',
      },
    },
  },
})

export const mistakes: NetnsOptions[] = [
  // @ts-expect-error -- no such mode
  { fs: { mode: 'rw' } },
  // @ts-expect-error -- no such option
  { hostnam: 'x' },
  // @ts-expect-error -- a list of ports
  { net: { services: ['3000'] } },
]

export const refused = defineConfig({
  // @ts-expect-error -- a number is no host name
  test: { environmentOptions: { netns: { hostname: 1 } } },
})
