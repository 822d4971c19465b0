/**
 * Properties are tried with the same values in every run: a change is judged by itself, not by luck. LARDER_PROPERTY_SEED=N
 * tries others; fast-check prints the seed of what fails.
 */
import { configureGlobal } from 'fast-check'

configureGlobal({ seed: Number(process.env['LARDER_PROPERTY_SEED'] ?? 1) })
