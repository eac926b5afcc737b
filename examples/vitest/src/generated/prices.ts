export type Sku = keyof typeof prices
export const prices = {
  kettle: 3900,
  mug: 850,
  tea: 1200,
} as const
export const priceOf = (sku: Sku): number => prices[sku]
