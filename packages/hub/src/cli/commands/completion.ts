/**
 * Scripts that ask `larder __complete` for what may follow. They know nothing of the commands themselves, so that they need not
 * change when those do.
 */
import type { Run } from '../command.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { SHELLS } from '../shells.ts'

export const run: Run = ({ args }, terminal) => {
  const shell = SHELLS.find((name) => name === args[0])
  if (shell === undefined) {
    return Promise.reject(
      new CommandFailed(EXIT.usage, `there is no completion for "${args[0]}"`, {
        next: `larder completion ${SHELLS.join('|')}`,
      }),
    )
  }
  terminal.out(SCRIPTS[shell])
  return Promise.resolve()
}

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  // Bash splits words at `=` and `:` as well; candidates are matched against the part that it holds for the word.
  bash: `# larder completion for bash: source <(larder completion bash)
_larder() {
  local answer directive
  answer=$("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
  directive=\${answer##*:}
  COMPREPLY=()
  while IFS= read -r candidate; do
    [[ -n $candidate && $candidate != :* ]] && COMPREPLY+=("$candidate")
  done <<< "$answer"
  if [[ $directive == 0 ]]; then compopt -o default; fi
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -F _larder larder
`,
  zsh: `#compdef larder
# larder completion for zsh: source <(larder completion zsh)
_larder() {
  local -a answer candidates
  answer=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=("\${(@)answer[1,-2]}")
  if [[ \${answer[-1]} == ":0" ]]; then _files; return; fi
  (( \${#candidates} )) && compadd -- "\${candidates[@]}"
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef _larder larder
`,
  fish: `# larder completion for fish: larder completion fish | source
function __larder_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l answer ($words[1] __complete $words[2..-1] 2>/dev/null)
  if test "$answer[-1]" = ":0"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $answer[1..-2]
  end
end
complete -c larder -f -a '(__larder_complete)'
`,
}
