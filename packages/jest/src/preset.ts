import { environmentPath, runnerPath } from './names.ts'
import { rememberListeners } from './host/listeners.ts'

// Jest reads presets before `globalSetup`: whoever listens now is no service of the run.
rememberListeners()

// oxlint-disable-next-line import/no-default-export -- as Jest reads presets
export default { testEnvironment: environmentPath, runner: runnerPath }
