/** @type {import('jest').Config} */
export default {
  preset: 'jest-environment-netns',
  testEnvironmentOptions: {
    netns: {
      fs: {
        private: ['/etc/shop'], // an empty directory that the tests may fill, also as an ordinary user
        keep: ['artifacts/**'], // what reaches the project afterwards; everything else is thrown away
      },
    },
  },
  maxWorkers: 4, // at the same time, on small machines too
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/strip-types.mjs' },
}
