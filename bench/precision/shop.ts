import { emailOf, type ShopRows, STATUSES, type Status } from './shop-rows.ts'
import { zipf } from './zipf.ts'

/** A row created so many calls ago is there for everybody, however many calls are in flight. */
const SETTLED_AFTER = 64

/**
 * The shop as the trace knows it: chooses whom a call is about, popular ones more often, and remembers what writes have
 * made of it.
 */
export class Shop {
  readonly user: () => number
  readonly product: () => number
  readonly category: () => number
  readonly categories: number
  /** Counts writes, so that each leaves a value that was never there. */
  writes = 0

  readonly #random: () => number
  readonly #emails = new Map<number, string>()
  readonly #categoryOf: number[]
  readonly #ordersOf = new Map<number, number[]>()
  readonly #statusOf: Status[]
  readonly #reviews: number
  readonly #deleted = new Set<number>()
  readonly #coming: { readonly at: number; readonly arrive: () => void }[] = []
  #calls = 0
  #orders: number
  #registered = 0

  constructor(rows: ShopRows, skew: number, random: () => number) {
    this.#random = random
    this.user = zipf(rows.user.length, skew, random)
    this.product = zipf(rows.product.length, skew, random)
    this.category = zipf(rows.category.length, skew, random)
    this.categories = rows.category.length
    this.#categoryOf = rows.product.map(({ categoryId }) => categoryId)
    this.#statusOf = rows.order.map(({ status }) => status)
    this.#orders = rows.order.length
    this.#reviews = rows.review.length
    for (const [i, { userId }] of rows.order.entries()) this.#ordersFor(userId).push(i + 1)
  }

  /** Another call begins. */
  next(): void {
    this.#calls += 1
    while (this.#coming[0] && this.#coming[0].at <= this.#calls) this.#coming.shift()?.arrive()
  }

  chance(share: number): boolean {
    return this.#random() < share
  }

  below(n: number): number {
    return Math.floor(this.#random() * n)
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T
  }

  emailOf(user: number): string {
    return this.#emails.get(user) ?? emailOf(user)
  }

  moveUser(user: number, email: string): void {
    this.#emails.set(user, email)
  }

  /** Nobody has it yet; the next one to register will. */
  get freeEmail(): string {
    return `new${this.#registered + 1}@example.test`
  }

  register(): string {
    const email = this.freeEmail
    this.#registered += 1
    return email
  }

  moveProduct(product: number, category: number): void {
    this.#categoryOf[product - 1] = category
  }

  productsOf(category: number): number[] {
    return this.#categoryOf.flatMap((one, i) => (one === category ? [i + 1] : []))
  }

  /** Of a user who is often there, mostly a late one. */
  order(): number {
    for (;;) {
      const orders = this.#ordersOf.get(this.user())
      if (orders) return orders[Math.floor(Math.sqrt(this.#random()) * orders.length)] as number
    }
  }

  /** One that is not delivered yet, and what becomes of it. */
  advanceOrder(): { readonly id: number; readonly status: Status } {
    const oldest = Math.max(0, this.#statusOf.length - 500)
    for (;;) {
      const i = oldest + this.below(this.#statusOf.length - oldest)
      const status = STATUSES[STATUSES.indexOf(this.#statusOf[i] as Status) + 1]
      if (!status) continue
      this.#statusOf[i] = status
      return { id: i + 1, status }
    }
  }

  /** All that are paid are on their way. */
  shipOrders(): number[] {
    return this.#statusOf.flatMap((status, i) => {
      if (status !== 'paid') return []
      this.#statusOf[i] = 'shipped'
      return [i + 1]
    })
  }

  placeOrder(user: number): number {
    const id = (this.#orders += 1)
    this.#later(() => {
      this.#statusOf[id - 1] = 'pending'
      this.#ordersFor(user).push(id)
    })
    return id
  }

  review(): number {
    for (;;) {
      const id = 1 + this.below(this.#reviews)
      if (!this.#deleted.has(id)) return id
    }
  }

  deleteReview(): number {
    const id = this.review()
    this.#deleted.add(id)
    return id
  }

  #ordersFor(user: number): number[] {
    const orders = this.#ordersOf.get(user) ?? []
    this.#ordersOf.set(user, orders)
    return orders
  }

  #later(arrive: () => void): void {
    this.#coming.push({ at: this.#calls + SETTLED_AFTER, arrive })
  }
}
