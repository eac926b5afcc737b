/*
 * What starts sandboxes needs, without what code inside them does: the first test waits for every module of a runner.
 */
export { NetnsError, type NetnsErrorDetails } from './errors/netns-error.ts'
export { catalogue, type CatalogueEntry, type NetnsErrorCode } from './errors/catalogue.ts'
export { mergeOptions } from './options/merge-options.ts'
export { resolveOptions } from './options/resolve-options.ts'
export type {
  EnvOptions,
  Framework,
  FsOptions,
  LimitOptions,
  NetMode,
  NetnsOptions,
  NetOptions,
  ResolvedOptions,
} from './options/types.ts'
export { readHost } from './host/read-host.ts'
export type { HostContext, HostFacts, HostFiles, HostNode, Mount } from './host/types.ts'
export { planSandbox } from './plan/plan-sandbox.ts'
export { createPlanner, withPidBase, type Planner } from './plan/planner.ts'
export { encodePlan } from './plan/encode.ts'
export type { BoundPath, Degree, SandboxContext, SandboxPlan, Step, Upper } from './plan/types.ts'
export {
  launch,
  launcherArguments,
  launcherEnv,
  supervise,
  type SuperviseRequest,
} from './launcher/launch.ts'
export type { Kept } from './launcher/keep.ts'
export { resolveLauncher, resolveThreads } from './launcher/resolve-launcher.ts'
export type {
  DegradedEvent,
  KeepRequest,
  KeptFile,
  LaunchRequest,
  Sandbox,
  SandboxEnd,
  SandboxStart,
} from './launcher/types.ts'
export { probe } from './probe/probe.ts'
export type { ProbeCheck, ProbeReport, ProbeRequest } from './probe/types.ts'
export { mustWork, readiness, type Readiness } from './probe/readiness.ts'
export { ProjectWriter, type HandedFile } from './project-writer/project-writer.ts'
export { findCompileCache, type CompileCache } from './compile-cache/find.ts'
export { COMPILE_CACHE_LIMITS, pruneCompileCache } from './compile-cache/prune.ts'
export { filterEnv } from './env/filter-env.ts'
export {
  findServices,
  listedServices,
  readListeners,
  readListenersSync,
} from './services/find-services.ts'
export { servicesOf } from './services/services-of.ts'
export type { Listener, Service } from './services/types.ts'
export { RunReportCollector } from './report/run-report.ts'
export { degreeOf } from './report/degree-of.ts'
export { fallbackRecord, fallbackWarning } from './report/fallback.ts'
export { renderSummary } from './report/render-summary.ts'
export { summarize, type RunFigures } from './report/summarize.ts'
export type { FallbackRecord, IsolationRecord, RunReport, SandboxRecord } from './report/types.ts'
export {
  HOST_NAMESPACES_VARIABLE,
  hostNamespaces,
  isInsideSandbox,
  sandboxInfo,
  type SandboxInfo,
} from './sandbox-info/sandbox-info.ts'
export { writeKeptFiles } from './file-sandboxes/write-kept.ts'
export { sandboxEndOf } from './file-sandboxes/sandbox-end.ts'
