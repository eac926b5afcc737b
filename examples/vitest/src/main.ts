import { startShop } from './shop.ts'

const shop = await startShop()
process.once('SIGTERM', () => void shop.close())
console.log('ready')
