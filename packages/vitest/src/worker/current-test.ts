import type { TestOwner } from '@netns/core/worker'

interface Task {
  readonly name: string
  readonly type: string
  readonly result?: { readonly state?: string }
}

/** The test that Vitest runs, as it notes it for its own `expect`. */
export function currentTest(): TestOwner | undefined {
  const state = Reflect.get(globalThis, '__vitest_worker__') as { current?: Task } | undefined
  const task = state?.current
  if (task?.type !== 'test') return undefined
  return { name: task.name, isOver: () => task.result?.state !== 'run' }
}
