export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toLocaleString('en')
}

/** `1 entry`, `2 entries`. */
export function many(value: number | null | undefined, one: string, more = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : more}`
}

/** To three figures. */
export function short(value: number): string {
  if (value >= 1e6) return `${three(value / 1e6)} M`
  if (value >= 1e4) return `${three(value / 1e3)} k`
  return value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en') : three(value)
}

function three(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(value < 1 ? 2 : 1)
}

export function ms(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  if (value < 1) return `${value.toFixed(2)} ms`
  if (value < 1000) return `${three(value)} ms`
  return span(value)
}

export function span(value: number): string {
  const seconds = value / 1000
  if (seconds < 1) return trimmed(`${three(value)} ms`)
  if (seconds < 100) return trimmed(`${three(seconds)} s`)
  if (seconds < 6000) return trimmed(`${three(seconds / 60)} min`)
  return trimmed(seconds < 172_800 ? `${three(seconds / 3600)} h` : `${three(seconds / 86_400)} d`)
}

/** Without noughts that say nothing: `15 min`, not `15.0 min`. */
export function trimmed(text: string): string {
  return text.replace(/(\.\d*?)0+(?!\d)/, '$1').replace(/\.(?!\d)/, '')
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${(100 * share).toFixed(1)} %`
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  if (value < 1024) return `${value} B`
  const power = Math.min(4, Math.floor(Math.log2(value) / 10))
  return trimmed(`${three(value / 1024 ** power)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`)
}

export function clock(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB')
}

/** A time of today; with its day when that was another: what is listed may be older than what is drawn. */
export function moment(at: number): string {
  const then = new Date(at)
  if (then.toDateString() === new Date().toDateString()) return clock(at)
  return `${then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${clock(at)}`
}

/** A key without what all of them begin with. */
export function shortKey(key: string): string {
  const at = key.search(/(query|data):/)
  return at < 0 ? key : key.slice(at).replace(/^query:/, '')
}
