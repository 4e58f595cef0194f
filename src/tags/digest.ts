import { hash } from 'node:crypto'

/** SHA-256 in 43 characters that need no escaping in a key: values that strangers typed are named by it. */
export function sha256(text: string): string {
  return hash('sha256', text, 'base64url')
}
