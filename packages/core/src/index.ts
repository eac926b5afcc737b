export * from './runner.ts'
export * from './worker.ts'
