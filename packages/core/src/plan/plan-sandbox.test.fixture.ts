import { fabricateHost, type FabricatedHost } from '../host/fabricated-host.test.fixture.ts'
import { resolveOptions } from '../options/resolve-options.ts'
import type { NetnsOptions } from '../options/types.ts'
import { planSandbox } from './plan-sandbox.ts'
import type { SandboxContext, SandboxPlan, Step } from './types.ts'

export interface PlanRequest {
  readonly host?: FabricatedHost
  readonly options?: NetnsOptions
  readonly project?: string
  readonly context?: Partial<SandboxContext>
}

/** A plan for the project /home/me/app, whose node_modules and Node binary lie elsewhere. */
export function plan({
  host = { nodes: {} },
  options = {},
  project = '/home/me/app',
  context = {},
}: PlanRequest): SandboxPlan {
  const uid = host.uid ?? 0
  const nodes = {
    '/home/me': { uid },
    [project]: { uid },
    [`${project}/package.json`]: '{}',
    '/usr/bin/node': '',
    ...host.nodes,
  }
  return planSandbox(
    resolveOptions(options, 'netns', uid === 0),
    fabricateHost({ ...host, nodes }),
    {
      projectRoot: project,
      cwd: project,
      roots: ['/usr/bin/node'],
      writeThrough: [],
      readThrough: [],
      services: [],
      ...context,
    },
  )
}

/** Steps that concern a path inside, without those of paths below it. */
export function stepsAt({ steps, uppers }: SandboxPlan, path: string): Step[] {
  const dests = [`root${path === '/' ? '' : path}`]
  for (const { id, insidePath } of uppers) {
    if (insidePath === path) dests.push(`u/${id}`)
    else if (path.startsWith(`${insidePath}/`))
      dests.push(`u/${id}${path.slice(insidePath.length)}`)
  }
  return steps.filter((step) => dests.includes(step[1] ?? ''))
}

/** Names of the steps that concern a path, such as `['mkdir', 'overlay']`. */
export function kindsAt(sandbox: SandboxPlan, path: string): string[] {
  return stepsAt(sandbox, path).map(([name]) => name)
}

export function indexOf({ steps }: SandboxPlan, name: string, dest: string): number {
  return steps.findIndex((step) => step[0] === name && step[1] === dest)
}
