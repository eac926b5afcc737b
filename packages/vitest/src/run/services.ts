import type { AddressInfo, Server } from 'node:net'
import { findServices, readListeners, type Listener, type Service } from '@netns/core/runner'
import type { Vitest } from 'vitest/node'

/** What `globalSetup` opened: neither older servers of the host nor those of Vitest itself. */
export async function servicesSince(
  before: readonly Listener[],
  vitest: Vitest,
): Promise<readonly Service[]> {
  return findServices(before, await readListeners(), ownPorts(vitest))
}

function ownPorts(vitest: Vitest): number[] {
  const servers = [vitest.vite, ...vitest.projects.map(({ vite }) => vite)]
  return servers.flatMap((server) => portOf(server?.httpServer as Server | null | undefined))
}

function portOf(server: Server | null | undefined): number[] {
  const address = server?.address()
  return typeof address === 'object' && address !== null
    ? [(address satisfies AddressInfo).port]
    : []
}
