import { syncBuiltinESMExports } from 'node:module'
import { replaceMethods } from './hooks.ts'
import { replacePromiseTimers } from './promise-timers.ts'
import { replaceTimers } from './timers.ts'

let isTracking = false

/**
 * Begins to note what this process begins. Costs next to nothing while no scope is open. Only the first call does
 * something; what was begun before it is in no scope.
 */
export function trackHandles(): void {
  if (isTracking) return
  isTracking = true
  replaceTimers()
  replacePromiseTimers()
  replaceMethods()
  syncBuiltinESMExports()
}
