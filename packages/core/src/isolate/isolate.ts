import { isMainThread } from 'node:worker_threads'
import { FILE_ROOT, Roots, type EnteredRoot, type NetworkKind } from '../control/roots.ts'
import { shared, workerPlace, type WorkerPlace } from '../control/worker-place.ts'
import { NetnsError } from '../errors/netns-error.ts'
import { closeIdleConnections } from '../handles/idle-connections.ts'
import { trackHandles } from '../handles/track-handles.ts'
import { ActiveSandbox } from './active-sandbox.ts'
import { fallbackSandbox } from './fallback-sandbox.ts'
import { describeOpenFiles, findOpenFiles, warnOfOpenFiles, type OpenFile } from './open-files.ts'
import { IsolateQueue, type Scope } from './queue.ts'
import { socketSteps } from './sockets.ts'
import { rootSteps } from './steps.ts'
import type { IsolatedSandbox, IsolateOptions } from './types.ts'
import { goTo } from './working-directory.ts'

const usesIoUring = process.env['UV_USE_IO_URING'] === '1'

// Connections that are made before the first isolate() must be known at it.
if (workerPlace()?.control) trackHandles()

/** The root that top-level sandboxes stand on: the file's. */
export const BASE_ROOT = 'baseRoot'

/**
 * Gives the caller's code files, a network and processes of its own: it sees what was written before, and what it
 * writes is gone at the end. The process stays the same one.
 *
 * @example
 * test('migrates the database', async () => {
 *   await using sandbox = await isolate()
 *   await migrate('data/app.db')
 *   expect(await sandbox.changes()).toEqual([{ type: 'modified', path: '/project/data/app.db', kind: 'file' }])
 * })
 *
 * @example
 * await isolate(async (sandbox) => { await sandbox.run('git', ['init']) }, { net: 'inherit' })
 *
 * @throws NetnsError `NETNS_NOT_IN_SANDBOX` without the plugin, `NETNS_POOL_UNSUPPORTED` in worker threads,
 *   `NETNS_OPTIONS_INVALID`, `NETNS_ISOLATE_FAILED`, `NETNS_ENOSPC`, `NETNS_ISOLATE_BUSY` and `NETNS_OPEN_FILES` where
 *   these options ask for them, `NETNS_IO_URING`, `NETNS_THREADS_STUCK`. After each the process is where it was.
 */
export function isolate(options?: IsolateOptions): Promise<IsolatedSandbox>
export function isolate<Result>(
  body: (sandbox: IsolatedSandbox) => Result | Promise<Result>,
  options?: IsolateOptions,
): Promise<Result>
export function isolate<Result>(
  first: IsolateOptions | ((sandbox: IsolatedSandbox) => Result | Promise<Result>) = {},
  second: IsolateOptions = {},
): Promise<IsolatedSandbox | Result> {
  if (typeof first === 'function') return isolateWhile(first, second)
  const place = workerPlace()
  const scope = newScope(place)
  // In the context of the caller: it says which sandbox this one is in.
  const opened = open(place, first, scope)
  // What the caller does after `await isolate()` runs in the context that it has now.
  if (place?.control) IsolateQueue.of(place).scopes.enterWith(scope)
  return opened
}

/**
 * What fixtures and hooks of a runner use: all of the test runs inside, and its own `isolate()` are nested.
 *
 * @throws NetnsError as {@link isolate} does
 */
export function isolateTest<Result>(
  body: (sandbox: IsolatedSandbox) => Result | Promise<Result>,
  options: IsolateOptions = {},
): Promise<Result> {
  return isolateWhile(body, options, true)
}

/** Ends what a test that is over has left open, so that no other test runs in it. */
export function endLeftOver(): void {
  const place = workerPlace()
  if (place?.control) IsolateQueue.of(place).endLeftOver()
}

async function isolateWhile<Result>(
  body: (sandbox: IsolatedSandbox) => Result | Promise<Result>,
  options: IsolateOptions,
  isOfTest = false,
): Promise<Result> {
  const place = workerPlace()
  const scope = newScope(place)
  const sandbox = await open(place, options, scope, isOfTest)
  const run = async (): Promise<Result> => body(sandbox)
  try {
    return await (place?.control ? IsolateQueue.of(place).scopes.run(scope, run) : run())
  } finally {
    await sandbox.dispose()
  }
}

async function open(
  place: WorkerPlace | undefined,
  options: IsolateOptions,
  scope: Scope,
  isOfTest = false,
): Promise<IsolatedSandbox> {
  refuseWhereImpossible(place)
  if (!place.control) {
    await check(options)
    return fallbackSandbox()
  }
  const queue = IsolateQueue.of(place)
  const turn = queue.enter(options.concurrency ?? 'queue')
  await check(options).catch(async (error: unknown) => {
    await turn.then(({ leave }) => leave())
    throw error
  })
  const { enclosing, isOver, leave } = await turn
  const onDispose = (ended: ActiveSandbox): void => {
    queue.ended(ended)
    leave()
  }
  try {
    refuseAfterEnd(isOver)
    if (kindOf(place, options) !== 'inherit') await closeIdleConnections()
    refuseAfterEnd(isOver)
    const sandbox = enter(place, options, { enclosing, isOfTest, onDispose })
    queue.began(sandbox)
    scope.active = sandbox
    return sandbox
  } catch (error) {
    leave()
    throw error
  }
}

function newScope(place: WorkerPlace | undefined): Scope {
  return place?.control
    ? IsolateQueue.of(place).newScope()
    : { active: undefined, outer: undefined }
}

function refuseAfterEnd(isOver: () => boolean): void {
  if (isOver()) throw new NetnsError('NETNS_ISOLATE_DISPOSED')
}

/** Loaded with the first options, and looked up once. */
let optionsModule: Promise<typeof import('../options/resolve-options.ts')> | undefined

async function check(options: IsolateOptions): Promise<void> {
  if (Object.keys(options).length === 0) return
  optionsModule ??= import('../options/resolve-options.ts')
  const { checkIsolateOptions } = await optionsModule
  checkIsolateOptions(options)
}

function baseRoot(place: WorkerPlace): string {
  return (place.state.get(BASE_ROOT) as string | undefined) ?? FILE_ROOT
}

function refuseWhereImpossible(place: WorkerPlace | undefined): asserts place is WorkerPlace {
  if (!isMainThread)
    throw new NetnsError('NETNS_POOL_UNSUPPORTED', {
      detail: 'isolate() was called in a worker thread',
    })
  if (!place) throw new NetnsError('NETNS_NOT_IN_SANDBOX')
  if (usesIoUring) throw new NetnsError('NETNS_IO_URING')
}

interface Surroundings {
  readonly enclosing: ActiveSandbox | undefined
  readonly isOfTest: boolean
  readonly onDispose: (sandbox: ActiveSandbox) => void
}

function enter(
  place: WorkerPlace,
  options: IsolateOptions,
  { enclosing, isOfTest, onDispose }: Surroundings,
): ActiveSandbox {
  const startedMs = performance.now()
  const cwd = process.cwd()
  const roots = Roots.of(place)
  const network = kindOf(place, options)
  const sockets = network === 'inherit' && !place.sharesNetwork ? socketSteps(roots) : []
  const first = roots.enter({
    parent: enclosing?.rootId ?? baseRoot(place),
    steps: [...sockets, ...rootSteps(options, place.projectRoot)],
    network,
    freeze: 'yes',
  })
  try {
    goTo(cwd)
    const openFiles = checkOpenFiles(place, first, options)
    const enterMs = performance.now() - startedMs
    const onEnd = (sandbox: ActiveSandbox): void => {
      onDispose(sandbox)
      place.onEnd?.(sandbox.endNow())
    }
    return new ActiveSandbox({
      place,
      first,
      openFiles,
      enterMs,
      owner: place.owner?.(),
      cwd,
      isOutermost: enclosing === undefined,
      isOfTest,
      onDispose: onEnd,
    })
  } catch (error) {
    roots.leave(first, [])
    goTo(cwd)
    throw error
  }
}

function checkOpenFiles(
  place: WorkerPlace,
  { busy }: EnteredRoot,
  { onOpenFiles = 'warn' }: IsolateOptions,
): OpenFile[] {
  const files = busy.length > 0 ? findOpenFiles(busy) : []
  if (files.length === 0) return []
  if (onOpenFiles === 'error')
    throw new NetnsError('NETNS_OPEN_FILES', { detail: describeOpenFiles(files) })
  warnOfOpenFiles(
    shared(place, `warned ${baseRoot(place)}`, () => new Set<string>()),
    files,
  )
  return files
}

function kindOf({ sharesNetwork }: WorkerPlace, { net }: IsolateOptions): NetworkKind {
  return sharesNetwork ? 'inherit' : networkKind(net)
}

function networkKind(net: IsolateOptions['net'] = 'loopback'): NetworkKind {
  if (net === 'inherit' || net === 'none') return net
  if (net === 'loopback') return 'full'
  const { mode = 'loopback', services = 'auto' } = net
  if (mode === 'none') return 'none'
  return services === 'auto' ? 'full' : services
}
