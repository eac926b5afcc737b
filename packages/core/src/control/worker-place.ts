import type { KeepGlobs } from '../file-sandboxes/types.ts'
import type { IsolateEnd } from '../isolate/types.ts'
import { ControlSocket } from './socket.ts'

/** Name of the variable that tells a worker its control socket and the path of netns-threads.so: `5:/path`. */
export const CONTROL_VARIABLE = 'NETNS_CONTROL'

/** What a test knows of what is running it. */
export interface TestOwner {
  /** The runner's object, by its identity. */
  readonly test: object
  readonly name: string
  isOver(): boolean
}

/** What this process knows of its sandbox. One for all copies of this package that the process has loaded. */
export interface WorkerPlace {
  /** `null`: a plain process, where the user chose `fallback: 'warn'`. */
  readonly control: ControlSocket | null
  /** Relative paths of options are relative to it. */
  readonly projectRoot: string
  /** The network namespace is the host's: it can be neither left nor made anew. */
  readonly sharesNetwork: boolean
  /** The test that runs now, where the runner says so. */
  owner?: () => TestOwner | undefined
  /** Hears how each `isolate()` ended. */
  onEnd?: (end: IsolateEnd) => void
  /** Files to hand over when an outermost `isolate()` ends. */
  readonly keep?: KeepGlobs | null
  /** State of isolate() and of FileSandboxes: which roots there are, and who is in them. */
  readonly state: Map<string, unknown>
}

const KEY = Symbol.for('netns.worker')
type Holder = { [KEY]?: WorkerPlace }

/**
 * Takes the control socket over, before tests can see the variable.
 *
 * @returns `null` where there is none
 */
export function takeControl(
  env: Record<string, string | undefined> = process.env,
): ControlSocket | null {
  const match = /^(\d+):(.*)$/s.exec(env[CONTROL_VARIABLE] ?? '')
  Reflect.deleteProperty(env, CONTROL_VARIABLE)
  return match ? new ControlSocket(Number(match[1]), match[2] ?? '') : null
}

export function setWorkerPlace(place: WorkerPlace): WorkerPlace {
  ;(globalThis as Holder)[KEY] = place
  return place
}

export function workerPlace(): WorkerPlace | undefined {
  return (globalThis as Holder)[KEY]
}

/** A piece of state that all copies of this package share. */
export function shared<Value>(place: WorkerPlace, name: string, make: () => Value): Value {
  const known = place.state.get(name) as Value | undefined
  if (known !== undefined) return known
  const made = make()
  place.state.set(name, made)
  return made
}
