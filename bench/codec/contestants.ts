import { deserialize, serialize } from 'node:v8'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { Decimal } from '@prisma/client/runtime/client'
import { addExtension, Packr } from 'msgpackr'
import { decode, encode, prepared } from '../../src/codec/typed-json.ts'
import * as tree from './json-with-tree.ts'

/** A codec, and what it makes of one result: how long are its bytes, and its steps ready to be timed. */
export interface Contestant {
  readonly name: string
  /** Whether what it gives back is what Prisma returned; `false`: it is here for its speed. */
  readonly isExact: boolean
  make(value: unknown): Made
}
export interface Made {
  readonly bytes: number
  encode(): unknown
  decode(): unknown
}

const decimal = (text: string) => new Decimal(text)

export const contestants: readonly Contestant[] = [
  textual('JSON, nothing restored', JSON.stringify, JSON.parse, false),
  textual('JSON and a tree (qc2)', tree.encode, (text) => tree.decode(text, decimal)),
  textual('rows as lists', JSON.stringify, JSON.parse, false, asLists),
  textual('ours', encode, (text) => decode(text, decimal)),
  {
    name: 'ours, prepared',
    isExact: true,
    make(value) {
      const text = encode(value)
      const copy = prepared(text, decimal)
      return { bytes: Buffer.byteLength(text), encode: () => prepared(text, decimal), decode: copy }
    },
  },
  deflated(1),
  binary('msgpackr, records', ...msgpack()),
  binary('v8.serialize', (value) => serialize(plain(value)), deserialize, false),
]

function textual(
  name: string,
  write: (value: unknown) => string,
  read: (text: string) => unknown,
  isExact = true,
  before: (value: unknown) => unknown = plainBigints,
): Contestant {
  return {
    name,
    isExact,
    make(value) {
      const given = isExact ? value : before(value)
      const text = write(given)
      return { bytes: Buffer.byteLength(text), encode: () => write(given), decode: () => read(text) }
    },
  }
}

/** A reply of Redis as bytes: `decode` begins at a Buffer, where those of texts begin at a string ioredis has made. */
function binary(
  name: string,
  write: (value: unknown) => Buffer,
  read: (bytes: Buffer) => unknown,
  isExact = true,
): Contestant {
  return {
    name,
    isExact,
    make(value) {
      const bytes = write(value)
      return { bytes: bytes.length, encode: () => write(value), decode: () => read(bytes) }
    },
  }
}

function deflated(level: number): Contestant {
  const write = (value: unknown) => deflateRawSync(encode(value), { level }).toString('base64')
  const read = (text: string) => decode(inflateRawSync(Buffer.from(text, 'base64')).toString(), decimal)
  return textual('ours, deflated, base64', write, read)
}

function msgpack(): [(value: unknown) => Buffer, (bytes: Buffer) => unknown] {
  addExtension({
    Class: Decimal as unknown as new () => object,
    type: 1,
    write: String as unknown as (value: object) => string,
    read: decimal as (text: unknown) => object,
  } as Parameters<typeof addExtension>[0])
  // The structures are learned and kept by each process, and would have to be shared through Redis.
  const structures: object[] = []
  const packr = new Packr({ structures, useRecords: true, moreTypes: true, largeBigIntToString: false } as object)
  return [(value) => packr.pack(value), (bytes) => packr.unpack(bytes)]
}

/** Names once, rows as lists: what to save by that alone. */
function asLists(value: unknown): unknown {
  const given = JSON.parse(JSON.stringify(plainBigints(value))) as unknown
  const visit = (part: unknown): unknown => {
    if (!Array.isArray(part)) {
      if (typeof part !== 'object' || part === null) return part
      return Object.fromEntries(Object.entries(part).map(([key, member]) => [key, visit(member)]))
    }
    const first: unknown = part[0]
    if (typeof first !== 'object' || first === null || Array.isArray(first)) return part
    return [Object.keys(first), ...part.map((row: object) => Object.values(row).map(visit))]
  }
  return visit(given)
}

function plainBigints(value: unknown): unknown {
  return mapped(value, (part) => (typeof part === 'bigint' ? String(part) : part))
}

/** Decimals as texts: v8.serialize knows no classes. */
function plain(value: unknown): unknown {
  return mapped(value, (part) => (Decimal.isDecimal(part) ? String(part) : part))
}

function mapped(value: unknown, change: (part: unknown) => unknown): unknown {
  const part = change(value)
  if (Array.isArray(part)) return part.map((element) => mapped(element, change))
  if (typeof part !== 'object' || part === null || Object.getPrototypeOf(part) !== Object.prototype) return part
  return Object.fromEntries(Object.entries(part).map(([key, member]) => [key, mapped(member, change)]))
}
