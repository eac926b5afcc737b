const INSPECT = /^--inspect(-brk|-wait)?(?:=(?:(.+):)?(\d+))?$/
const DEFAULT_PORT = 9229

/** How Node is started in a worker. */
export interface NodeArguments {
  readonly args: readonly string[]
  /** Where debuggers of the host find it. */
  readonly publish: readonly string[]
}

/**
 * Node's options as jest-worker passes them on: without the inspector, whose port is Jest's own. Where one worker stands
 * for Jest's own process (`-i`), it listens one port further.
 */
export function nodeArguments(execArgv: readonly string[], isOnly: boolean): NodeArguments {
  const args = execArgv.filter((argument) => !/^--(?:debug|inspect)/.test(argument))
  const inspect = execArgv.flatMap((argument) => INSPECT.exec(argument) ?? [])
  const [found, mode = '', host = '127.0.0.1', port = String(DEFAULT_PORT)] = inspect
  if (!isOnly || found === undefined || port === '0') return { args, publish: [] }
  const endpoint = `${host}:${Number(port) + 1}`
  return { args: [...args, `--inspect${mode}=${endpoint}`], publish: [endpoint] }
}
