// TanStack Query asks for `process.env.NODE_ENV`, which a bundler would have filled in. Import this before it.
globalThis.process ??= { env: { NODE_ENV: 'production' } }
