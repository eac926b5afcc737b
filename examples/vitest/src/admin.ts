import { createServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { listOrders } from './orders.ts'
import { flushOutbox, listUnsent } from './outbox.ts'
import type { ShopContext } from './shop.ts'

/** The operator's socket: a command a line, an answer a line. */
export function createAdmin(context: ShopContext): Server {
  return createServer((socket) => {
    socket.on('error', () => socket.destroy())
    createInterface({ input: socket }).on('line', (command) => {
      void answer(context, command.trim()).then((line) => socket.write(`${line}\n`))
    })
  })
}

async function answer(context: ShopContext, command: string): Promise<string> {
  switch (command) {
    case 'status':
      return `${context.config().name}: ${listOrders(context.database).length} orders, ${listUnsent().length} unsent mails`
    case 'flush':
      return flushOutbox(context.config()).then(
        () => 'all mails sent',
        (error: unknown) => `not sent: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
      )
    default:
      return `unknown command '${command}'; known: status, flush`
  }
}
