/** A hub as a user starts it, on a folder of its own, with what a loader needs to talk to it. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export const LARDER = fileURLToPath(new URL('../bin/larder', import.meta.url))

const decode = (text) => Buffer.from(text, 'base64').toString()

/** `at`: host, port and PEM texts of the administrator. */
export function startLarder(dir, ...flags) {
  const onFolder = (command, ...more) => execFileSync(LARDER, [command, '--data', dir, ...more], { stdio: 'pipe' })
  onFolder('up', '--detach', '--port', '0', '--api-port', '0', ...flags)
  const kubeconfig = join(dir, 'kubeconfig')
  const config = parse(readFileSync(kubeconfig, 'utf8'))
  const url = new URL(config.clusters[0].cluster.server)
  const user = config.users[0].user
  const at = {
    host: url.hostname,
    port: Number(url.port),
    ca: decode(config.clusters[0].cluster['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  }
  return { dir, kubeconfig, at, residentMb: () => residentMb(dir), stop: (...more) => onFolder('down', ...more) }
}

/** The hub alone, on the cluster that the kubeconfig names. */
export async function startHubOn(kubeconfig, dir) {
  const flags = ['hub', '--kubeconfig', kubeconfig, '--data', dir, '--samples']
  const hub = spawn(process.execPath, [...process.execArgv, LARDER, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(hub, 'exit')
  const isReady = async () => {
    for await (const line of createInterface({ input: hub.stdout })) if (line.startsWith('HTTP')) return true
    return false
  }
  if (!(await isReady())) throw new Error('larder hub did not start')
  hub.stdout.resume()
  const stop = async () => {
    hub.kill('SIGTERM')
    await ended
  }
  return { dir, kubeconfig, residentMb: () => residentMbOf(hub.pid), stop }
}

export function residentMb(dir) {
  const { pid } = JSON.parse(execFileSync(LARDER, ['status', '--data', dir, '-o', 'json']).toString())
  return residentMbOf(pid)
}

function residentMbOf(pid) {
  const rss =
    process.platform === 'linux'
      ? /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]
      : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString()
  return Number(rss) / 1024
}
