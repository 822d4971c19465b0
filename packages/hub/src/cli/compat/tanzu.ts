/** The `tanzu` command: its trees for services, workloads and packages, over the kinds that doors of a hub serve. */
import type { Run } from '../command.ts'
import { runCommandLine } from '../run.ts'
import { tanzuProgram } from './tanzu/commands.ts'
import { spelled } from './tanzu/packages/spelling.ts'

export const run: Run = ({ args }, terminal) =>
  // Errors are painted too, also those of a line that cannot be parsed.
  runCommandLine(spelled(args), tanzuProgram, args.includes('--no-color') ? { ...terminal, colour: false } : terminal)
