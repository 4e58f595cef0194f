import { files } from './.generated/page.ts'

/** A file of the dashboard. */
export interface PageFile {
  readonly type: string
  readonly text: string
}

export function pageFile(name: string): PageFile | undefined {
  return Object.hasOwn(files, name) ? files[name] : undefined
}
