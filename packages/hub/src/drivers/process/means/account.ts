/**
 * Means that speak the engine's own protocol: the driver makes and removes credentials under an account of its own, and tries
 * each by logging in with it.
 */
import type { Template } from '../recipe.ts'
import { render } from '../template.ts'
import type { CredentialAt, Means } from './means.ts'

interface Login {
  username: string
  password: string
}

interface Protocol {
  /** How the driver itself logs in, and where the recipe says it. */
  login: { username: Template; password: Template }
  path: string
  run(at: CredentialAt, step: 'make' | 'check' | 'remove', login: Login): Promise<void>
  /** The engine answered, and refused. That it cannot be reached says nothing about the credential. */
  isRefusal(error: unknown): boolean
}

export function accountMeans(protocol: Protocol): Means {
  const own = (at: CredentialAt): Login => {
    const place = { path: `${protocol.path}.login`, readable: false }
    return {
      username: render(protocol.login.username, at.setting.values, place),
      password: render(protocol.login.password, at.setting.values, place),
    }
  }
  return {
    make: (at) => protocol.run(at, 'make', own(at)),
    remove: (at) => protocol.run(at, 'remove', own(at)),
    async works(at) {
      try {
        await protocol.run(at, 'check', { username: at.username, password: at.password })
        return true
      } catch (error) {
        if (protocol.isRefusal(error)) return false
        throw error
      }
    },
  }
}
