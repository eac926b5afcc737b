interface Dispatcher {
  readonly constructor: new (...values: unknown[]) => Dispatcher
}

type Dispatchers = Map<symbol, Dispatcher | undefined>
const globals = globalThis as unknown as Record<symbol, Dispatcher | undefined>

/**
 * Where `fetch` and packages of undici keep the agent that they share, one for each version of its interface. By name, since
 * to list the symbols of the global object takes longer than all else here.
 */
const dispatcherSymbols = [1, 2, 3, 4].map((version) =>
  Symbol.for(`undici.globalDispatcher.${version}`),
)

/** Whether a scope of handles puts this property of the global object back. */
export function isDispatcher(key: PropertyKey): boolean {
  return typeof key === 'symbol' && dispatcherSymbols.includes(key)
}

function symbols(): symbol[] {
  return dispatcherSymbols.filter((symbol) => Object.hasOwn(globalThis, symbol))
}

export function readDispatchers(): Dispatchers {
  return new Map(symbols().map((symbol) => [symbol, globals[symbol]]))
}

/**
 * Puts back the dispatchers that `setGlobalDispatcher` replaced. Node makes its own at the first use of `fetch`, which loads
 * undici and takes 20 ms: where there was none before, a new one of the same class takes its place.
 *
 * @returns false where there was none before, and no class to make one of
 */
export function restoreDispatchers(before: Dispatchers): boolean {
  let restored = true
  const fresh = symbols().map((symbol) => {
    const now = globals[symbol]
    const then = before.get(symbol)
    return [symbol, now === then || !now ? now : (then ?? freshAgent(now))] as const
  })
  for (const [symbol, dispatcher] of fresh) {
    if (dispatcher) globals[symbol] = dispatcher
    else restored = globals[symbol] === undefined && restored
  }
  return restored
}

function freshAgent(dispatcher: Dispatcher): Dispatcher | null {
  const agents = [dispatcher, ...symbols().map((symbol) => globals[symbol]), ...parts(dispatcher)]
  const Agent = agents.find((one) => one?.constructor.name === 'Agent')?.constructor
  if (!Agent) return null
  // Gives older packages of undici what they expect of the newer one inside Node.
  const isWrapper = dispatcher.constructor.name === 'Dispatcher1Wrapper'
  return isWrapper ? new dispatcher.constructor(new Agent()) : new Agent()
}

/** A MockAgent keeps the agent that it stands in for. */
function parts(dispatcher: Dispatcher): (Dispatcher | undefined)[] {
  return Object.getOwnPropertySymbols(dispatcher).map(
    (symbol) => (dispatcher as unknown as Record<symbol, Dispatcher | undefined>)[symbol],
  )
}
