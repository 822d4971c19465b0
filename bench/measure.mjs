/** Rounds, medians and spreads: machines like ours are noisy, so a single figure says nothing. */
import { spawn } from 'node:child_process'

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** `0.42 (0.38 to 0.47)` */
export const withSpread = (values, digits = 2) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`

/** Runs a Node script with a JSON job on standard input; its last line of output is the JSON result. */
export function runJob(script, job) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`${script} ended with ${code}`)),
    )
    child.stdin.end(JSON.stringify(job))
  })
}

export const rounds = Number(process.env.BENCH_ROUNDS ?? 5)
