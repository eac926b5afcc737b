import type { HostFacts } from '../host/types.ts'
import type { ResolvedOptions } from '../options/types.ts'
import { planSandbox } from './plan-sandbox.ts'
import type { SandboxContext, SandboxPlan, Step } from './types.ts'

/** As {@link planSandbox} on the host that it was made for. */
export type Planner = (options: ResolvedOptions, context: SandboxContext) => SandboxPlan

/**
 * Plans the many sandboxes of a run: those that differ in nothing but `pidBase` are planned once.
 *
 * @throws NetnsError as {@link planSandbox} does
 */
export function createPlanner(host: HostFacts): Planner {
  const plans = new Map<string, SandboxPlan>()
  return (options, context) => {
    const { pidBase, ...common } = context
    const key = JSON.stringify([options, common, pidBase === undefined])
    const plan = plans.get(key) ?? planSandbox(options, host, context)
    plans.set(key, plan)
    return pidBase === undefined ? plan : withPidBase(plan, pidBase)
  }
}

/** The same plan with another first pid, where it has one. */
export function withPidBase(plan: SandboxPlan, pidBase: number): SandboxPlan {
  const own: Step = ['pid', String(pidBase)]
  return { ...plan, steps: plan.steps.map((step) => (step[0] === 'pid' ? own : step)) }
}
