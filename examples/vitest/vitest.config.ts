import netns from 'vitest-environment-netns/plugin'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [netns()],
  test: {
    environment: 'netns',
    environmentOptions: {
      netns: {
        fs: {
          private: ['/etc/shop'], // an empty directory that the tests may fill, also as an ordinary user
          keep: ['artifacts/**'], // what reaches the project afterwards; everything else is thrown away
        },
      },
    },
    maxWorkers: 4, // at the same time, on small machines too
  },
})
