import { findServices, readListenersSync, type Listener, type Service } from '@netns/core/runner'

let before: readonly Listener[] | undefined

/** Who listens on this machine before `globalSetup`. Several projects, and a config read again, do not forget it. */
export function rememberListeners(): void {
  before ??= readListenersSync()
}

/** What `globalSetup` opened; `undefined` where nothing was remembered, because the preset is not used. */
export function openedServices(): readonly Service[] | undefined {
  return before && findServices(before, readListenersSync())
}
