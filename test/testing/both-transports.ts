/**
 * Fails a run in which tests of the hub's controllers and doors ran on one transport only, and prints on which they did: a project that is left
 * out, or skipped by a filter, must not look like a good run.
 */
import type { Reporter, TestModule } from 'vitest/node'

const BOTH = ['https', 'in-process']
const CONTROLLERS = /\/packages\/hub\/src\/(?:controllers|companions|dialects|resource-door)\//

export class BothTransports implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const ran = new Map<string, Set<string>>()
    for (const { moduleId, project, children } of modules) {
      if (!CONTROLLERS.test(moduleId) || children.size === 0) continue
      ran.set(moduleId, (ran.get(moduleId) ?? new Set()).add(project.name))
    }
    if (ran.size === 0) return
    const once = [...ran].filter(([, projects]) => projects.size < BOTH.length)
    for (const [file, projects] of once) console.error(`${file}: ran on ${[...projects].join()} alone`)
    if (once.length > 0) process.exitCode = 1
    else console.log(`\n${ran.size} files of controller tests: each ran on ${BOTH.join(' and ')}`)
  }
}
