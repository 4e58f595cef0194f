declare module 'cluster-key-slot' {
  /** The hash slot of a key, `{…}` respected. */
  export default function keySlot(key: string): number
}
