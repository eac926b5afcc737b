import { createServer, type IncomingMessage, type Server } from 'node:http'
import { json } from 'node:stream/consumers'
import { clearCache } from './cache.ts'
import { listOrders, listProducts, type NewOrder, OrderRejected, placeOrder } from './orders.ts'
import { sendOrKeep } from './outbox.ts'
import { printReceipt } from './receipts.ts'
import type { ShopContext } from './shop.ts'

interface Reply {
  status: number
  body: unknown
}

/** The HTTP API: `GET /products`, `GET /orders`, `GET /orders/ID`, `POST /orders`. */
export function createApi(context: ShopContext): Server {
  return createServer((request, response) => {
    void route(context, request)
      .catch(toErrorReply)
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      })
  })
}

async function route(context: ShopContext, request: IncomingMessage): Promise<Reply> {
  const { pathname } = new URL(request.url ?? '/', 'http://shop')
  const [, collection, id] = pathname.split('/')
  const resource = `${request.method} /${collection}`

  if (resource === 'POST /orders') {
    return { status: 201, body: await takeOrder(context, (await json(request)) as NewOrder) }
  }
  if (resource === 'GET /products') return { status: 200, body: listProducts(context.database) }
  if (resource === 'GET /orders') {
    const orders = listOrders(context.database)
    if (id === undefined) return { status: 200, body: orders }
    const order = orders.find((candidate) => candidate.id === Number(id))
    if (order) return { status: 200, body: order }
  }
  throw new OrderRejected(`nothing at ${pathname}`, 404)
}

async function takeOrder(context: ShopContext, request: NewOrder): Promise<unknown> {
  const { config, database, now } = context
  const order = placeOrder(database, request, now())
  clearCache()
  const mailed = await sendOrKeep(order.id, config(), {
    from: 'orders@shop.example',
    to: order.email,
    subject: `Your order ${order.id}`,
    text: `Thank you for ${order.quantity} x ${order.sku}.`,
  })
  return { ...order, mailed, receipt: printReceipt(order, config().currency) }
}

function toErrorReply(error: unknown): Reply {
  if (error instanceof OrderRejected) {
    return { status: error.status, body: { error: error.message } }
  }
  if (error instanceof SyntaxError) return { status: 400, body: { error: 'the body is not JSON' } }
  return { status: 500, body: { error: String(error) } }
}
