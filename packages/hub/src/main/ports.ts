/** Ports that a data folder keeps, and who holds one that is taken. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import type { OptionValues } from '../cli/command.ts'
import type { DataFolder } from '../cli/data-folder.ts'
import { CommandFailed, EXIT } from '../cli/failure.ts'

export interface Ports {
  /** Plain HTTP. */
  readonly http: number
  /** The Kubernetes API. */
  readonly api: number
}

const DEFAULT_PORTS: Ports = { http: 7700, api: 7701 }

/** What to listen on: a flag, else what the folder kept, else the default. 0 asks for a free port, unless the folder keeps one. */
export function choosePorts(folder: DataFolder, options: Pick<OptionValues, 'port' | 'api-port'>): Ports {
  const kept = keptPorts(folder)
  const choose = (name: 'port' | 'api-port', key: keyof Ports): number => {
    const asked = options[name]
    if (asked === undefined) return kept[key] ?? DEFAULT_PORTS[key]
    const port = parsePort(asked, name)
    return port === 0 ? (kept[key] ?? 0) : port
  }
  return { http: choose('port', 'http'), api: choose('api-port', 'api') }
}

export function keepPorts(folder: DataFolder, ports: Ports): void {
  const kept = keptPorts(folder)
  if (kept.http === ports.http && kept.api === ports.api) return
  writeFileSync(folder.ports, `${JSON.stringify(ports)}\n`, { mode: 0o600 })
}

function keptPorts(folder: DataFolder): Partial<Ports> {
  try {
    return JSON.parse(readFileSync(folder.ports, 'utf8')) as Partial<Ports>
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new CommandFailed(EXIT.failed, `${folder.ports} cannot be read`, {
      why: String(error),
      next: `remove ${folder.ports}`,
      cause: error,
    })
  }
}

export function parsePort(text: string, flag: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new CommandFailed(EXIT.usage, `--${flag}: "${text}" is no port (0 to 65535)`)
  return port
}

/** The error for a port that somebody else listens on: never another port in silence, because scripts and kubeconfigs know this one. */
export function portTaken(port: number, flag: 'port' | 'api-port', folder: DataFolder, cause: unknown): CommandFailed {
  const holder = portHolder(port)
  return new CommandFailed(EXIT.conflict, `port ${port} is taken by ${holder ?? 'another process'}`, {
    why: `${folder.dir} is set to listen on 127.0.0.1:${port}`,
    next: `stop that process, or choose another port: larder up --${flag} N (0 picks a free one)`,
    cause,
  })
}

/** `process 4711 (redis-server)`, as far as this account may see. */
function portHolder(port: number): string | undefined {
  try {
    return process.platform === 'linux' ? linuxPortHolder(port) : lsofPortHolder(port)
  } catch {
    // Only the wording of an error depends on it: without rights or tools the port is simply "taken by another process".
    return undefined
  }
}

function linuxPortHolder(port: number): string | undefined {
  const inode = ['/proc/net/tcp', '/proc/net/tcp6']
    .map((file) => listeningInode(file, port))
    .find((found) => found !== undefined)
  if (inode === undefined) return undefined
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (openFiles(pid).includes(`socket:[${inode}]`))
      return `process ${pid} (${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()})`
  }
  return undefined
}

/** Columns of /proc/net/tcp: 1 local address with the port in hexadecimal, 3 the state (0A listens), 9 the inode. */
function listeningInode(file: string, port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const row = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find((columns) => columns[1]?.endsWith(`:${hex}`) && columns[3] === '0A')
  return row?.[9]
}

function openFiles(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
  } catch {
    // Another account's process, or one that ended while we looked.
    return []
  }
}

function lsofPortHolder(port: number): string | undefined {
  const [pid, command] = execFileSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], {
    encoding: 'utf8',
  }).split('\n')
  return pid ? `process ${pid.slice(1)}${command ? ` (${command.slice(1)})` : ''}` : undefined
}
