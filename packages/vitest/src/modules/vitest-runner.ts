import type { FetchResult } from '../channel/protocol.ts'

export interface ResolvedId {
  readonly file: string
  readonly id: string
  readonly url: string
}

/** Vitest's module runner fetches and resolves every module through this object, in Vitest 4.1 and 5. */
export interface RunnerTransport {
  fetchModule(
    id: string,
    importer?: string,
    options?: { readonly cached?: boolean },
  ): Promise<FetchResult>
  resolveId(id: string, importer?: string): Promise<ResolvedId | null>
}

interface Mocker {
  resolveMocks?(): Promise<void>
  getDependencyMockByUrl?(url: string): { readonly type: string } | undefined
  readonly options?: { resolveId?: RunnerTransport['resolveId'] }
}

export interface ModuleEvaluator {
  /** Lets Node import a module. */
  runExternalModule?(id: string): Promise<unknown>
}

export interface VitestModuleRunner {
  readonly evaluator?: ModuleEvaluator
  readonly vitestOptions?: { readonly transport?: RunnerTransport }
  readonly mocker?: Mocker
}
