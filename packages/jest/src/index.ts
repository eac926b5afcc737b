import { jsdomBase, nodeBase, type Base } from './environment/bases.ts'
import { exitAtOnce } from './environment/exit.ts'
import { optionsOf } from './environment/file-run.ts'
import { isolated } from './environment/isolated.ts'
import { workerSetup } from './environment/worker-setup.ts'
import type { Environment, EnvironmentClass } from './jest.ts'

export type { NetnsOptions } from '@netns/core'
/** In a test: `import { isolate } from 'jest-environment-netns'`, the same function as Vitest's. */
export { isolate } from '@netns/core/worker'

/** Only a class to extend: without our runner the constructor says what is missing. */
class NoEnvironment implements Environment {
  async setup(): Promise<void> {}
  async teardown(): Promise<void> {}
}

const noBase: Base = { Environment: NoEnvironment, fs: { writeFileSync: () => {} } }
if (workerSetup?.sandboxed) exitAtOnce()

const OnNode = isolated(workerSetup ? nodeBase(workerSetup.jestRunner) : noBase)
let OnDom: EnvironmentClass | undefined

/**
 * `testEnvironment: 'netns'`: Jest's node environment in the file's sandbox; with `base: 'jsdom'` its DOM environment. It
 * never pretends that there is a sandbox.
 *
 * @throws NetnsError `NETNS_NOT_IN_SANDBOX` without the runner
 */
export class TestEnvironment extends OnNode {
  constructor(...[config, context]: ConstructorParameters<EnvironmentClass>) {
    if (optionsOf(context).base === 'jsdom') {
      OnDom ??= isolated(jsdomBase(config.projectConfig.rootDir))
      return new OnDom(config, context)
    }
    super(config, context)
  }
}

// oxlint-disable-next-line import/no-default-export -- as Jest loads environments
export default TestEnvironment
