/** Where something began: an object whose stack is made into text only when somebody reads it. */
export interface Origin {
  readonly stack?: string
}

const FRAMES = 8

/** @param below the function whose caller is the first frame */
export function captureOrigin(below: (...values: never[]) => unknown): Origin {
  const origin: Origin = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = FRAMES
  Error.captureStackTrace(origin, below)
  Error.stackTraceLimit = limit
  return origin
}

/** The first frame that is neither of Node nor of an installed package; else the first that is not of Node. */
export function userFrame(origin: Origin | undefined): string | undefined {
  const frames = framesOf(origin).filter((frame) => !isOfNode(frame))
  return frames.find((frame) => !isInstalled(frame)) ?? frames[0]
}

/** Whether Node itself called, such as the undici inside it, whose timers serve every later file too. */
export function beganInNode(origin: Origin): boolean {
  const [caller] = framesOf(origin)
  return caller !== undefined && isOfNode(caller)
}

/** Whether an installed package called: native modules stay, and rely on their timers. */
export function beganInPackage(origin: Origin): boolean {
  const [caller] = framesOf(origin)
  return caller !== undefined && isInstalled(caller)
}

function framesOf(origin: Origin | undefined): string[] {
  const stack: unknown = origin?.stack
  if (typeof stack !== 'string') return []
  const lines = stack.split('\n').map((line) => line.trim())
  return lines.filter((line) => line.startsWith('at '))
}

function isOfNode(frame: string): boolean {
  return /[( ]node:/.test(frame)
}

function isInstalled(frame: string): boolean {
  return frame.includes('/node_modules/')
}
