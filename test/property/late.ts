import { inspect } from 'node:util'

/**
 * A value that only a client can make: its Decimals, null kinds and column references. A scenario holds these in their
 * place, so that it stays plain data which can be printed, cut down and run again on any client.
 */
export class Late {
  readonly kind: 'Decimal' | 'null' | 'field'
  readonly text: string

  constructor(kind: 'Decimal' | 'null' | 'field', text: string) {
    this.kind = kind
    this.text = text
  }

  [inspect.custom](): string {
    if (this.kind === 'Decimal') return `new Prisma.Decimal('${this.text}')`
    return this.kind === 'null' ? `Prisma.${this.text}` : `prisma.${this.text}`
  }
}

/** What makes them: a client and the `Prisma` it was generated with. */
export interface Maker {
  readonly Prisma: object
  readonly client: object
}

/** A copy of its own for each call, with every late value made: neither Prisma nor the cache may see one object twice. */
export function realize(value: unknown, maker: Maker): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Late) return make(value, maker)
  if (value instanceof Date) return new Date(value)
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map((element) => realize(element, maker))
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, realize(member, maker)]))
}

function make({ kind, text }: Late, { Prisma, client }: Maker): unknown {
  if (kind === 'null') return member(Prisma, text)
  if (kind === 'field') return text.split('.').reduce<unknown>((at, name) => member(at, name), client)
  const Decimal = member(Prisma, 'Decimal') as new (text: string) => object
  return new Decimal(text)
}

function member(of: unknown, name: string): unknown {
  return (of as Record<string, unknown>)[name]
}
