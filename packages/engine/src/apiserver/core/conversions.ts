import type { Resource } from '../../machinery/shape.ts'
import type { Conversion } from './versions.ts'

/** How objects of a built-in kind change form between versions; undefined: by their apiVersion alone. */
export function conversionOf(_resource: Resource): Conversion | undefined {
  return undefined
}
