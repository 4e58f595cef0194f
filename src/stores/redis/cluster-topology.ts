/** A cluster node as its own line of `CLUSTER NODES` shows it. */
export interface ClusterNode {
  readonly isMaster: boolean
  /** Higher with every fail-over: whoever takes slots over takes them under an epoch of its own. */
  readonly epoch: number
  readonly slots: readonly (readonly [first: number, last: number])[]
}

/**
 * What a node says of itself, and under which addresses it knows the others (a redirection names one of these).
 *
 *     <id> <ip:port@cport[,hostname]> <flags> <master> <ping> <pong> <config-epoch> <link-state> <slot>…
 *
 * @see https://redis.io/docs/latest/commands/cluster-nodes/
 */
export function readClusterNodes(text: string): {
  readonly myself: (ClusterNode & { readonly id: string }) | undefined
  readonly addresses: ReadonlyMap<string, readonly string[]>
} {
  const addresses = new Map<string, readonly string[]>()
  let myself: (ClusterNode & { readonly id: string }) | undefined
  for (const line of text.split('\n')) {
    const [id, address = '', flags = '', , , , epoch = '0', , ...slots] = line.trim().split(' ')
    if (!id) continue
    addresses.set(id, addressesOf(address))
    const flag = flags.split(',')
    if (flag.includes('myself'))
      myself = { id, isMaster: flag.includes('master'), epoch: Number(epoch), slots: slots.flatMap(ranges) }
  }
  return { myself, addresses }
}

function addressesOf(address: string): string[] {
  const [hostAndPort = '', hostname] = address.split(',')
  const bare = hostAndPort.replace(/@\d+$/, '')
  const port = bare.slice(bare.lastIndexOf(':') + 1)
  return hostname ? [bare, `${hostname}:${port}`] : [bare]
}

/** `0-5460`, `7000`; what is on its way, `[77->-id]`, still belongs to who lists it. */
function ranges(text: string): (readonly [number, number])[] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text)
  return match ? [[Number(match[1]), Number(match[2] ?? match[1])]] : []
}

export interface Redirection {
  /** `MOVED`: from now on ask there. `ASK`: this once, the slot is on its way. */
  readonly kind: 'MOVED' | 'ASK'
  readonly slot: number
  readonly address: string
}

export function redirection(error: Error | null): Redirection | undefined {
  const match = error && /^(MOVED|ASK) (\d+) (\S+)$/.exec(error.message)
  return match
    ? { kind: match[1] as Redirection['kind'], slot: Number(match[2]), address: match[3] as string }
    : undefined
}
