import { secretType } from '@larder/engine/client/builtin'
import type { Json } from '@larder/kit'
import { conformance, type Harness, type Stage } from '@larder/kit/conformance'
import { describe, test } from 'vitest'
import { compositionDriver } from './driver.ts'
import { countInstances, NAMESPACE, world, type World } from './testing/stage.ts'

const base: Harness['supports'] = {
  provisions: true,
  finds: 'it makes what it offers',
  update: true,
  plan: true,
  discover: 'what a recipe is made of is not offered by itself',
  wipe: 'it does not know how the data of its resources are emptied',
  watch: true,
  login: true,
  rejectedRecipe: true,
  rejectedRole: true,
  world: true,
}

const map = (id: string, data: Json, more: object = {}): Json => ({
  id,
  template: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '${instance.name}-' + id.toLowerCase() }, data },
  ...more,
})

const resources: Json = [
  map('top', { below: '${middle.data.size}', name: '${bottom.metadata.name}' }, { readyWhen: ['has(top.data.below)'] }),
  map('middle', { size: '${string(parameters.size)}', of: '${bottom.metadata.uid}' }),
  map('bottom', { name: '${instance.name}' }),
  map('extra', { on: 'true' }, { includeWhen: ["plan.name == ''"] }),
]

const wrongRecipe: Json = { resources: [map('one', { a: '${two.data.a}' }), map('two', { a: '${one.data.a}' })] }

const kinds = [
  {
    name: 'composition (a Secret for all)',
    recipe: {
      resources: [
        ...resources,
        {
          id: 'password',
          template: {
            apiVersion: 'v1',
            kind: 'Secret',
            metadata: { name: '${instance.name}' },
            stringData: { password: 'password-of-${instance.id}' },
          },
        },
      ],
      outputs: { size: '${middle.data.size}' },
      binding: { password: '${decodeBase64(password.data.password)}', username: 'all' },
      roles: { writer: { binding: { role: 'writer' } } },
    },
    login: false,
  },
  {
    name: 'composition (a Secret for each)',
    recipe: {
      resources,
      bindingResources: [
        map('user', { name: '${credential.name}', of: '${top.metadata.name}' }),
        {
          id: 'password',
          template: {
            apiVersion: 'v1',
            kind: 'Secret',
            metadata: { name: '${credential.name}' },
            stringData: { password: 'password-of-${user.data.name}' },
          },
        },
      ].map((entry) => withCredentialName(entry)),
      binding: { password: '${decodeBase64(password.data.password)}', username: '${user.metadata.name}' },
      roles: { writer: {} },
    },
    login: true,
  },
]

function withCredentialName(entry: Json): Json {
  return JSON.parse(JSON.stringify(entry).replace('${instance.name}-user', '${credential.name}')) as Json
}

type Values = Parameters<NonNullable<Stage['login']>>[0]

/** With what its Secret says, while there is one. */
async function logsIn({ hub }: World, { username, password }: Values): Promise<boolean> {
  const secret = await hub.admin.of(secretType).find(String(username), NAMESPACE)
  const data = secret?.data
  return data !== undefined && Buffer.from(data['password'] ?? '', 'base64').toString() === password
}

for (const { name, recipe, login } of kinds) {
  const harness: Harness = {
    name,
    supports: login ? base : { ...base, login: 'what all have is not taken from one' },
    settleMs: 5000,
    async open(log) {
      const there = await world()
      return {
        driver: compositionDriver(),
        session: there.connect(log),
        reopen: async () => there.connect(log),
        recipe: recipe as Json,
        parameters: { size: 1 },
        otherParameters: { size: 2 },
        roles: ['writer'],
        wrongRecipe,
        countOutside: () => countInstances(there),
        ...(login && { login: (values: Values) => logsIn(there, values) }),
        close: () => there.hub.stop(),
      }
    },
  }
  describe(name, () => {
    for (const { rule, title, run } of conformance(harness)) test(`${rule}: ${title}`, run)
  })
}
