import type { ChildProcess, ForkOptions } from 'node:child_process'

/*
 * What is used of Jest, as Jest 29 and 30 have it. Types of `@jest/*` would tie every user to one version of them.
 */

export interface ProjectConfig {
  readonly id: string
  readonly rootDir: string
  readonly roots: readonly string[]
  readonly cache: boolean
  readonly cacheDirectory: string
  readonly globalSetup?: string | null
  readonly displayName?: { readonly name: string }
  readonly runner: string
  readonly setupFiles: readonly string[]
  readonly setupFilesAfterEnv: readonly string[]
  /** Absolute path. */
  readonly testEnvironment: string
  readonly testEnvironmentOptions: Readonly<Record<string, unknown>>
}

export interface GlobalConfig {
  readonly rootDir: string
  readonly maxWorkers: number
  readonly collectCoverage: boolean
  readonly coverageProvider: 'babel' | 'v8'
  readonly detectOpenHandles: boolean
  readonly globalSetup?: string | null
  readonly updateSnapshot: 'all' | 'new' | 'none'
  readonly workerThreads?: boolean
}

export interface Test {
  readonly path: string
  readonly context: { readonly config: ProjectConfig }
}

export interface TestResult {
  readonly snapshot: { readonly fileDeleted: boolean }
}

/** What listeners of a runner get. */
export interface TestEvents {
  'test-file-start': [Test]
  'test-file-success': [Test, TestResult]
  'test-file-failure': [Test, unknown]
  'test-case-start': [string, unknown]
  'test-case-result': [string, unknown]
}

export type Listener<Data> = (data: Data) => void | Promise<void>

export interface TestWatcher {
  isInterrupted(): boolean
}

/** A runner of the kind that Jest calls `EmittingTestRunner`. */
export interface TestRunner {
  on(event: string, listener: Listener<never>): () => void
  runTests(
    tests: readonly Test[],
    watcher: TestWatcher,
    options: { serial: boolean },
  ): Promise<void>
}

export type TestRunnerClass = new (globalConfig: GlobalConfig, context: unknown) => TestRunner

/** A worker of jest-worker. Those that start with `_` are private there, and the same in 29 and 30. */
export interface Worker {
  state: string
  _child: ChildProcess
  initialize(): void
  send(
    request: unknown,
    onStart: (worker: Worker) => void,
    onEnd: (...result: unknown[]) => void,
    onCustomMessage: (message: unknown) => void,
  ): void
  killChild(): unknown
  forceExit(): void
}

export interface WorkerOptions {
  readonly workerId: number
  readonly forkOptions?: ForkOptions
}

export type WorkerPoolClass = new (
  path: string,
  options: object,
) => { createWorker(options: WorkerOptions): Worker }

export type WorkerFarmClass = new (path: string, options: object) => { _workerPool: object }

export interface JestWorkerModule {
  Worker: WorkerFarmClass
  messageParent(message: unknown): void
}

export interface EnvironmentConfig {
  readonly globalConfig: GlobalConfig
  readonly projectConfig: ProjectConfig
}

export interface EnvironmentContext {
  readonly testPath: string
  readonly docblockPragmas: Readonly<Record<string, string | readonly string[]>>
}

/** An event of jest-circus. */
export interface CircusEvent {
  readonly name: string
  readonly test?: { readonly name: string }
}

/** What Jest asks of a test environment. */
export interface Environment {
  exportConditions?(): string[]
  readonly global?: object
  handleTestEvent?(event: CircusEvent, state: unknown): void | Promise<void>
  setup(): Promise<void>
  teardown(): Promise<void>
}

export type EnvironmentClass = new (
  config: EnvironmentConfig,
  context: EnvironmentContext,
) => Environment
