import type { DecimalFactory } from '../codec/typed-json.ts'
import type { DecimalClass } from '../read/read-context.ts'
import type { AnyClient } from './client.ts'

/**
 * The Decimal class of the client itself, so that `instanceof Prisma.Decimal` holds for cached values. A package cannot
 * import it: each generated client may carry its own copy. Prisma rebuilds the arguments of a query with its own class
 * before a hook sees them, so a look-alike is sent through a hook that asks nothing of the database.
 */
export function decimalClass(client: AnyClient): DecimalClass {
  let factory: Promise<DecimalFactory> | undefined
  return {
    ready() {
      factory ??= captureDecimal(client).catch((error: unknown) => {
        // The next value may be luckier: one failure must not make every Decimal unreadable for ever.
        factory = undefined
        throw error
      })
      return factory
    },
  }
}

async function captureDecimal(client: AnyClient): Promise<DecimalFactory> {
  const [model] = Object.keys(client._runtimeDataModel?.models ?? {})
  if (model === undefined) throw new TypeError('the client has no models')
  let Decimal: (new (text: string) => object) | undefined
  const probe = (client._originalClient ?? client).$extends({
    query: {
      $allModels: {
        async $allOperations({ args }: { args: { look: object } }) {
          Decimal = args.look.constructor as new (text: string) => object
          return null
        },
      },
    },
  }) as unknown as Record<string, { findFirst(args: unknown): PromiseLike<unknown> }>
  await probe[model.charAt(0).toLowerCase() + model.slice(1)]?.findFirst({
    look: { s: 1, e: 0, d: [1], toFixed: () => '1' },
  })
  const Captured = Decimal
  if (!Captured || Object.prototype.toString.call(new Captured('1')) !== '[object Decimal]') {
    throw new TypeError('the Decimal class of this Prisma client could not be found')
  }
  return (text) => new Captured(text)
}
