import type { WorkerRequest } from 'vitest/node'

/** What stands behind a pool worker once it has started. */
export interface Backend {
  send(message: WorkerRequest): void
  stop(): Promise<void>
}

/** Hands an event to Vitest. */
export type Emit = (event: 'message' | 'exit' | 'error', ...values: unknown[]) => void
