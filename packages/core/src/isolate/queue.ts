import { AsyncLocalStorage } from 'node:async_hooks'
import { NetnsError } from '../errors/netns-error.ts'
import { shared, type WorkerPlace } from '../control/worker-place.ts'
import type { ActiveSandbox } from './active-sandbox.ts'
import { Turnstile } from './turnstile.ts'

/** Follows the code of one `isolate()`: what it calls knows which sandbox it is in. */
export interface Scope {
  active: ActiveSandbox | undefined
  /** The one that holds again when this one has ended. */
  readonly outer: Scope | undefined
}

export interface Turn {
  readonly enclosing: ActiveSandbox | undefined
  /** The sandbox or the file that it was asked for in has ended. */
  isOver(): boolean
  leave(): void
}

/** Who is in which sandbox. There is one file system for the process, so only nested ones can be active at once. */
export class IsolateQueue {
  readonly scopes = new AsyncLocalStorage<Scope>()
  readonly #place: WorkerPlace
  /** The outermost first; each stands on the one before. */
  readonly #active: ActiveSandbox[] = []
  #outermost = new Turnstile()
  /** No file runs: whoever asks belongs to one that is over. */
  #isClosed = false

  constructor(place: WorkerPlace) {
    this.#place = place
  }

  static of(place: WorkerPlace): IsolateQueue {
    return shared(place, 'queue', () => new IsolateQueue(place))
  }

  /**
   * Waits for the turn of a sandbox in the one that the present code runs in.
   *
   * @throws NetnsError `NETNS_ISOLATE_BUSY`, `NETNS_ISOLATE_DISPOSED` where no file runs
   */
  async enter(concurrency: 'queue' | 'error'): Promise<Turn> {
    if (this.#isClosed) throw new NetnsError('NETNS_ISOLATE_DISPOSED')
    this.endLeftOver()
    const enclosing = this.#enclosing()
    const outermost = this.#outermost
    const turnstile = enclosing ? enclosing.nested : outermost
    const leave = await turnstile.enter(concurrency, () => this.#holder())
    const isOver = (): boolean =>
      outermost !== this.#outermost ||
      (enclosing !== undefined && !this.#active.includes(enclosing))
    return { enclosing, isOver, leave }
  }

  /** For what is asked for in the present code. */
  newScope(): Scope {
    return { active: undefined, outer: this.#scope() }
  }

  began(sandbox: ActiveSandbox): void {
    this.#active.push(sandbox)
  }

  ended(sandbox: ActiveSandbox): void {
    this.#active.splice(this.#active.indexOf(sandbox), 1)
  }

  /** Those that stand on a sandbox end before it. */
  endNested(sandbox: ActiveSandbox): void {
    const nested = this.#active.slice(this.#active.indexOf(sandbox) + 1)
    for (const one of nested.toReversed()) one.endNow()
  }

  /** A test that timed out never reaches the end of its scope. */
  endLeftOver(): void {
    const [outermost] = this.#active
    if (outermost?.owner?.isOver()) outermost.endNow()
  }

  /** A file begins. */
  open(): void {
    this.#isClosed = false
  }

  /** The file is over: what its tests and hooks left open ends, and who still waits in it waits for nothing. */
  close(): void {
    this.#isClosed = true
    this.#outermost = new Turnstile()
    this.#active[0]?.endNow()
  }

  /** What a test's fixture or hook opened encloses the test, whose code does not follow from it. */
  #enclosing(): ActiveSandbox | undefined {
    const active = this.#scope()?.active
    if (active) return active
    const owner = this.#place.owner?.()
    return this.#active.findLast(
      (sandbox) => sandbox.isOfTest && owner !== undefined && sandbox.owner?.test === owner.test,
    )
  }

  /** The innermost one of the present code whose sandbox is active. */
  #scope(): Scope | undefined {
    let scope = this.scopes.getStore()
    while (scope && !(scope.active && this.#active.includes(scope.active))) scope = scope.outer
    return scope
  }

  #holder(): string {
    const name = this.#active[0]?.owner?.name
    return name === undefined ? 'it has not ended yet' : `it belongs to the test "${name}"`
  }
}
