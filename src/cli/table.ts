/** Columns side by side, each as wide as its widest cell; `>` before a title sets it to the right. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const isRight = titles.map((title) => title.startsWith('>'))
  const head = titles.map((title) => title.replace(/^>/, ''))
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)))
  return [head, ...rows].map((row) =>
    row
      .map((cell, i) => (isRight[i] ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
      .join('  ')
      .trimEnd(),
  )
}

export function bytesText(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '?'
  if (bytes < 1024) return `${bytes} B`
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** power
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`
}

export function countText(count: number | null | undefined): string {
  return count === null || count === undefined ? '?' : count.toLocaleString('en')
}

export function shareText(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${(100 * share).toFixed(1)} %`
}

export function timeText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–'
  if (ms < 1) return `${ms.toFixed(2)} ms`
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`
}
