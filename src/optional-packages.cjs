// CommonJS, shipped as it is and used by both builds: bundlers and tracers follow a literal `require`, whereas what
// `createRequire` makes is invisible to them. In a `try`, a package that is not installed is no error of the bundle. Each `require` has a `try` of its own
// around it: one helper for all of them would hide it from the bundler.

const { createRequire } = require('node:module')

module.exports = {
  croner: () => {
    try {
      return { found: require('croner') }
    } catch (error) {
      return { error }
    }
  },
  ioredis: () => {
    try {
      return { found: require('ioredis') }
    } catch (error) {
      return { error }
    }
  },
  iovalkey: () => {
    try {
      return { found: require('iovalkey') }
    } catch (error) {
      return { error }
    }
  },
  jiti: () => {
    try {
      return { found: require('jiti') }
    } catch (error) {
      return { error }
    }
  },
  redis: () => {
    try {
      return { found: require('redis') }
    } catch (error) {
      return { error }
    }
  },
  // A bundler must not follow this one: the runtime of Prisma would be in the bundle twice.
  '@prisma/client/runtime/client': () => {
    try {
      return { found: createRequire(__filename)('@prisma/client/runtime/client') }
    } catch (error) {
      return { error }
    }
  },
}
