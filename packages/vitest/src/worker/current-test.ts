import type { TestOwner } from '@netns/core/worker'

interface Task {
  readonly name: string
  readonly type: string
  readonly concurrent?: boolean
  readonly result?: { readonly state?: string }
}

/** The test that Vitest runs, as it notes it for its own `expect`. */
export function currentTest(): TestOwner | undefined {
  const state = Reflect.get(globalThis, '__vitest_worker__') as { current?: Task } | undefined
  const task = state?.current
  // Of concurrent ones it is the one that began last.
  if (task?.type !== 'test' || task.concurrent === true) return undefined
  return {
    test: task,
    name: task.name,
    isOver: () => task.result?.state !== 'run',
  }
}

/** Calls a function whenever Vitest has turned to another test or suite. */
export function watchCurrentTest(state: object, onChange: () => void): void {
  let current: unknown = Reflect.get(state, 'current')
  Object.defineProperty(state, 'current', {
    configurable: true,
    enumerable: true,
    get: () => current,
    set(task: unknown) {
      current = task
      onChange()
    },
  })
}
