// What a stranger writes: a driver, and this file beside it, run by `node --test`.
import test from 'node:test'
import { randomUUID } from 'node:crypto'
import { conformance } from '@larder/kit/conformance'
import { invalid } from '@larder/kit'

const check = ({ recipe }) => {
  if (typeof recipe.lid !== 'string') throw invalid('recipe.lid', 'recipe.lid: the colour of the lid')
}

/** Jars on a shelf, each with a lid, and a key for everybody who may open it. */
const driver = {
  name: 'jars',
  configSchema: { type: 'object' },
  recipeSchema: { type: 'object', properties: { lid: { type: 'string' } } },
  traits: () => ({ credentials: 'per-binding', provisions: true, observes: 'truth' }),
  connect: ({ config }) => {
    const { jars } = config
    return {
      async probe(signal) {
        signal.throwIfAborted()
        return { info: {} }
      },
      async observe({ id }, signal) {
        signal.throwIfAborted()
        const jar = jars.get(id)
        return jar ? { phase: 'ready', drift: [], bindings: [...jar.keys()], outside: { id } } : { phase: 'absent' }
      },
      async create(want, signal) {
        signal.throwIfAborted()
        check(want)
        if (!jars.has(want.id)) jars.set(want.id, new Map())
        return {}
      },
      async delete({ id }, signal) {
        signal.throwIfAborted()
        jars.delete(id)
        return {}
      },
      async bind({ id }, credential, signal) {
        signal.throwIfAborted()
        const keys = jars.get(id)
        if (!keys) return { phase: 'changing', doing: 'Waiting', againMs: 100 }
        const password = keys.get(credential.id) ?? randomUUID()
        keys.set(credential.id, BROKEN ? randomUUID() : password)
        return { phase: 'ready', values: { username: credential.id, password: keys.get(credential.id) } }
      },
      async unbind({ id }, credential, signal) {
        signal.throwIfAborted()
        jars.get(id)?.delete(credential.id)
        return { phase: 'gone' }
      },
    }
  },
}

const BROKEN = process.env.BROKEN === 'yes'
const host = { log: { debug() {}, info() {}, warn() {} }, now: () => new Date() }

const harness = {
  name: 'jars',
  supports: {
    provisions: true,
    finds: 'it makes what it offers',
    update: 'a jar stays as it is',
    plan: 'nothing can be changed',
    discover: 'there is nothing to find',
    wipe: 'a jar is thrown away',
    watch: 'a jar is ready at once',
    login: true,
    rejectedRecipe: true,
    rejectedRole: 'there are no roles',
    world: true,
  },
  settleMs: 2000,
  async open() {
    const jars = new Map()
    const connect = () => driver.connect({ config: { jars }, credentials: {} }, host)
    return {
      driver,
      session: connect(),
      reopen: async () => connect(),
      recipe: { lid: 'red' },
      wrongRecipe: {},
      parameters: {},
      roles: [],
      login: async ({ password }) => [...jars.values()].some((keys) => [...keys.values()].includes(password)),
      countOutside: async () => jars.size,
      close: async () => {},
    }
  },
}

for (const { rule, title, run } of conformance(harness)) void test(`${rule}: ${title}`, run)
