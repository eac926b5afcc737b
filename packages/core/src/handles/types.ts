/** What kind of thing was left open. `'keep-alive'`: an idle connection that a client keeps for its next request. */
export type LeakKind =
  | 'server'
  | 'socket'
  | 'keep-alive'
  | 'timer'
  | 'watcher'
  | 'worker'
  | 'port'
  | 'dispatcher'

/** Something that was begun, was not ended, and was closed by {@link HandleScope.close}. */
export interface Leak {
  readonly kind: LeakKind
  /** Such as `server on 127.0.0.1:3000` or `setInterval 1000 ms`. */
  readonly description: string
  /** The frame of the code that began it, such as `at start (/project/server.ts:3:10)`. */
  readonly stack?: string
}

/** Everything that this process begins while it is open. */
export interface HandleScope {
  /**
   * Closes what was begun since the scope opened and is still open, and lists it. A second call does nothing.
   *
   * @param except kinds that stay open and are not listed
   */
  close(except?: readonly LeakKind[]): Leak[]
  /** After `close`: waits until threads have ended. Resolves with what is still open, which should be nothing. */
  settled(): Promise<string[]>
}
