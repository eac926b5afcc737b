import { createServer, type Server } from 'node:http'
import { cached } from './cache.ts'
import type { Product } from './orders.ts'
import { ports } from './paths.ts'
import type { ShopContext } from './shop.ts'

/** The public page. It knows the catalogue only through the API, and keeps it in the cache on disk. */
export function createFront(context: ShopContext): Server {
  return createServer((_request, response) => {
    void cached('catalogue', fetchCatalogue).then(
      ({ value, hit }) => {
        response.writeHead(200, { 'content-type': 'text/html', 'x-cache': hit ? 'hit' : 'miss' })
        response.end(renderPage(context, value))
      },
      (error: unknown) => response.writeHead(502).end(String(error)),
    )
  })
}

async function fetchCatalogue(): Promise<Product[]> {
  const answer = await fetch(`http://127.0.0.1:${ports.api}/products`)
  return (await answer.json()) as Product[]
}

function renderPage({ config }: ShopContext, products: Product[]): string {
  const { name, currency, vatPercent } = config()
  const items = products.map(({ name: title, priceCents, stock }) => {
    const price = ((priceCents * (100 + vatPercent)) / 10_000).toFixed(2)
    return `    <li>${title}: ${price} ${currency} (${stock} left)</li>`
  })
  return [`<h1>${name}</h1>`, '<ul>', ...items, '</ul>', ''].join('\n')
}
