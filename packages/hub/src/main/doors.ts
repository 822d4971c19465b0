import type { OptionValues } from '../cli/command.ts'
import { CommandFailed, EXIT } from '../cli/failure.ts'

/** No door exists yet, so every name is wrong; `none` says what is the case. */
export function refuseUnknownDoors(options: Pick<OptionValues, 'doors'>): void {
  const doors = (options.doors ?? 'none').split(',').filter((door) => door !== 'none' && door !== '')
  if (doors.length > 0)
    throw new CommandFailed(EXIT.usage, `--doors: there is no door ${doors[0]}`, {
      why: 'this version has none',
      next: '--doors none',
    })
}
