import './without-bundler.js'
import { QueryClient, QueryObserver } from '/vendor/query-core/index.js'
import { ask } from './ask.js'

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Shown at once, and asked for again whenever somebody looks: the server is quick to say that an answer stands.
      staleTime: 0,
      gcTime: Infinity,
      retry: false,
      // The server may be on this machine, which a browser without a network takes for out of reach.
      networkMode: 'always',
    },
  },
})
client.mount()

const queryOf = (path) => ({ queryKey: [path], queryFn: () => ask(path), placeholderData: (shown) => shown })

/** Shows what is at an address now and whenever it changes. Returns how to look at another address. */
export function watch(path, show, fail) {
  const observer = new QueryObserver(client, queryOf(path))
  observer.subscribe(({ data, error }) => {
    if (error) fail(error)
    else if (data !== undefined) show(data)
  })
  return (next) => observer.setOptions(queryOf(next))
}

/** Asks for every answer the page has had, shown or not, the way it would be asked for when it is next looked at. */
export function askAgain() {
  return client.invalidateQueries({ refetchType: 'all' })
}
