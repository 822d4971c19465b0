/**
 * Why a service does not run. The messages reach status, so they are the same for as long as the cause is: no
 * counters, no times, no process ids that change with every attempt.
 */
export type FailureReason =
  | 'EngineMissing'
  | 'PortTaken'
  | 'EngineDied'
  | 'NotReady'
  | 'DiskFull'
  | 'FolderNotAccessible'
  | 'InvalidRecipe'

export class StartFailure extends Error {
  readonly reason: FailureReason

  constructor(reason: FailureReason, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'StartFailure'
    this.reason = reason
  }
}

export function engineMissing(engine: { name: string; commands: readonly string[]; install?: string }): StartFailure {
  const commands = engine.commands.join(' nor ')
  return new StartFailure(
    'EngineMissing',
    `engine ${engine.name} is missing: ${engine.commands.length > 1 ? 'neither ' : 'no '}${commands} is on PATH or installed; ` +
      (engine.install ?? `run: larder engine add ${engine.name}`),
  )
}

/** A file error of the instance's folder in words; anything else stays itself. */
export function folderFailure(error: unknown, folder: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StartFailure('DiskFull', `the disk that holds ${folder} is full; free some space`, error)
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR') {
    return new StartFailure('FolderNotAccessible', `${folder} is not accessible (${code}); make it writable`, error)
  }
  return error
}
