/** Ways to make rows of columns; all but `generated` take the names of the fields as they come. */
type Columns = readonly (readonly unknown[])[]
type Build = (names: readonly string[], columns: Columns, size: number) => readonly object[]

/** What `src/codec/read-column.ts` does. */
const fieldByField: Build = (names, columns, size) => {
  const rows: object[] = []
  for (let i = 0; i < size; i += 1) {
    const row: Record<string, unknown> = {}
    for (let k = 0; k < names.length; k += 1) row[names[k] as string] = (columns[k] as readonly unknown[])[i]
    rows.push(row)
  }
  return rows
}

const template: Build = (names, columns, size) => {
  const empty = Object.fromEntries(names.map((name) => [name, null]))
  const rows: object[] = []
  for (let i = 0; i < size; i += 1) {
    const row: Record<string, unknown> = { ...empty }
    for (let k = 0; k < names.length; k += 1) row[names[k] as string] = (columns[k] as readonly unknown[])[i]
    rows.push(row)
  }
  return rows
}

const made = new Map<readonly string[], (columns: Columns, size: number) => readonly object[]>()
const generated: Build = (names, columns, size) => {
  let build = made.get(names)
  if (!build) {
    const row = names.map((name, k) => `${JSON.stringify(name)}: c[${k}][i]`).join()
    const text = `const rows = []; for (let i = 0; i < n; i += 1) rows.push({ ${row} }); return rows`
    made.set(names, (build = new Function('c', 'n', text) as (columns: Columns, size: number) => readonly object[]))
  }
  return build(columns, size)
}

export const buildingRows: Readonly<Record<string, Build>> = {
  'field by field': fieldByField,
  'copies of a template': template,
  'a generated constructor': generated,
}
