/**
 * The document of Services Toolkit as a reader of it follows it: its manifests and commands letter by letter, what it prints compared
 * with what is printed, and an application that works with what it was given.
 */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runPage, readPage } from '../docs/page.ts'
import { LARDER, newHub, type Hub } from '../testing/hub.ts'
import { kubectl } from '../testing/kubectl.ts'
import { eventually, must, run } from '../testing/processes.ts'
import { bindingOf, redis } from '../testing/redis.ts'

const EXAMPLE = resolve(import.meta.dirname, '../../examples/000-services-toolkit')
const read = (name: string) => readFileSync(join(EXAMPLE, name), 'utf8')

interface Block {
  readonly language: string
  readonly title: string | undefined
  readonly text: string
}

/** Of document.md, in their order. */
const BLOCKS = [...read('document.md').matchAll(/^```(\w+)([^\n]*)\n(.*?)^```$/gms)].map(
  ([, language, notes, text]): Block => ({
    language: language!,
    title: /title="([^"]+)"/.exec(notes!)?.[1],
    text: text!,
  }),
)

/** What a reader types, and what is printed behind it, if the document shows that. */
const STEPS = BLOCKS.filter(({ language }) => language === 'sh').map(({ text }) => {
  const shown = /^\$ ([^\n]*)\n(.*)$/s.exec(text)
  return shown ? { command: shown[1]!, printed: shown[2]! } : { command: text, printed: undefined }
})

/** The document leaves two words to its reader. */
const filledIn = (command: string) =>
  command.replace('<a-git-repo>', 'https://git.example.com/my-workload').replace('<a-tag-to-checkout>', 'v1.0.0')

test('the files are those of the document, letter by letter', () => {
  const titled = BLOCKS.filter(({ title }) => title !== undefined)
  expect(titled.map(({ title }) => title)).toEqual([
    'clusterinstanceclass.yaml',
    'clusterrole.yaml',
    'resourceclaimpolicy.yaml',
  ])
  for (const { title, text } of titled) expect(read(title!)).toBe(text)
})

test('the walkthrough has every command and every output of the document', () => {
  const page = read('README.md')
  expect(STEPS).toHaveLength(8)
  for (const { command, printed = '' } of STEPS) {
    expect(page).toContain(filledIn(command))
    expect(page).toContain(printed)
  }
})

describe.each(['redis.yaml', 'by-hand.yaml'])('with the instances of %s', (instances) => {
  let hub: Hub
  let tools: string
  const shell = (command: string) =>
    run('bash', ['-c', command], {
      cwd: tools,
      env: { PATH: `${tools}:${process.env['PATH']}`, KUBECONFIG: hub.kubeconfig, KUBECACHEDIR: join(tools, '.cache') },
    })

  beforeAll(async () => {
    hub = await newHub()
    await hub.start('--wait')
    tools = mkdtempSync(join(tmpdir(), 'larder-tools-'))
    await must('compat install', run(process.execPath, [LARDER, 'compat', 'install', '--dir', tools, 'tanzu']))
    symlinkSync((await kubectl()).path, join(tools, 'kubectl'))
    for (const { title, text } of BLOCKS) if (title !== undefined) writeFileSync(join(tools, title), text)
    await hub.ok(['apply', '-f', join(EXAMPLE, instances)])
    await eventually('both Secrets', async () => {
      const names = await hub.ok(['get', 'secrets', '-n', 'service-instances', '-o', 'name'])
      return names.match(/-creds-bindable/g)?.length === 2 || undefined
    })
  })
  afterAll(async () => {
    await hub.remove()
    rmSync(tools, { recursive: true })
  })

  test('each command of the document works, and prints what the document prints', async () => {
    for (const { command, printed } of STEPS) {
      const { code, stdout, stderr } = await shell(filledIn(command))
      expect([command, code, stderr]).toEqual([command, 0, expect.any(String)])
      if (printed !== undefined) expect(trimmed(stdout)).toBe(trimmed(printed))
      // Whoever reads what comes next has given it that time.
      if (command.includes('clusterrole.yaml')) await ready('clusterinstanceclass/aws-elasticache')
      if (command.includes('claim create')) await ready(`${CLAIMS}/redis-writer-claim`)
    }
  })

  test('the claim holds the instance, the list has lost it, and the workload is bound', async () => {
    const { stdout } = await shell('tanzu services claimable list --class aws-elasticache -n default')
    expect(stdout).toContain('redis-reader-creds-bindable')
    expect(stdout).not.toContain('redis-writer-creds-bindable')
    await ready('servicebinding/my-workload-db')
    expect(
      await hub.ok(['get', 'servicebinding', 'my-workload-db', '-o', 'jsonpath={.spec.name} {.status.binding.name}']),
    ).toBe('db redis-writer-creds-bindable')
  })

  test('the Secret of the claim is what the instance has', async () => {
    const copy = await bindingOf(hub, 'default', 'redis-writer-creds-bindable')
    expect(copy).toEqual(await bindingOf(hub, 'service-instances', 'redis-writer-creds-bindable'))
    if (instances === 'by-hand.yaml') {
      expect(Object.keys(copy).sort()).toEqual(['host', 'password', 'port', 'ssl', 'type', 'username'])
      return
    }
    const writer = await redis(copy)
    await writer.set('greeting', 'hello')
    const reader = await redis(await bindingOf(hub, 'service-instances', 'redis-reader-creds-bindable'))
    expect(await reader.get('greeting')).toBe('hello')
    await expect(reader.set('greeting', 'bye')).rejects.toThrow('NOPERM')
    writer.disconnect()
    reader.disconnect()
  })

  const ready = (object: string) => hub.ok(['wait', '--for=condition=Ready', object, '--timeout=30s'])
})

const CLAIMS = 'resourceclaims.services.apps.tanzu.vmware.com'

/** The document has lost the blanks behind its columns. */
const trimmed = (text: string) => text.replaceAll(/ +$/gm, '').trimEnd()

test.each(['redis.yaml', 'by-hand.yaml'])(
  'the walkthrough does what it says, with the instances of %s',
  { timeout: 200_000 },
  async (instances) => {
    const page = readPage(join('examples', '000-services-toolkit', 'README.md'))
    const other = { commands: `kubectl apply -f ${instances}\n`, output: undefined }
    const steps = page.steps.map((step) =>
      step.commands.includes('-f redis.yaml') && instances !== 'redis.yaml' ? other : step,
    )
    const { printed, finished } = await runPage({ ...page, steps })
    const said = `${finished.stdout}\n${finished.stderr}`
    steps.forEach(({ output, commands }, i) => {
      if (output) expect(printed[i], `${commands}\n${said}`).toEqual(output)
    })
    expect(finished.code, said).toBe(0)
  },
)
