/**
 * The keys of objects, in their order, each list named by a number once it was met often. Objects whose keys are data (labels, a
 * ConfigMap) come in ever new shapes: what is kept is bounded, and what is not kept is packed with its keys.
 */
interface Step {
  times: number
  number: number | undefined
  next: Map<string, Step> | undefined
}

const MAX_STEPS = 16_384
const MAX_KEYS = 64
/** Meetings until a list of keys has a number. */
const OFTEN = 4

/** All shapes as plain data, to be written away before another one is met. */
export interface ShapesState {
  readonly keys: readonly (readonly string[])[]
  readonly root: Step
  readonly steps: number
}

export class Shapes {
  readonly #keys: (readonly string[])[] = []
  #root: Step = { times: 0, number: undefined, next: undefined }
  #steps = 0

  static restored({ keys, root, steps }: ShapesState): Shapes {
    const shapes = new Shapes()
    for (const each of keys) shapes.#keys.push(each)
    shapes.#root = structuredClone(root)
    shapes.#steps = steps
    return shapes
  }

  save(): ShapesState {
    return { keys: this.#keys, root: this.#root, steps: this.#steps }
  }

  /** Undefined when the object has to carry its keys. */
  numberOf(keys: readonly string[]): number | undefined {
    if (keys.length > MAX_KEYS) return undefined
    let step: Step | undefined = this.#root
    for (const key of keys) {
      step = step.next?.get(key) ?? this.#grow(step, key)
      if (!step) return undefined
    }
    if (step.number !== undefined) return step.number
    return ++step.times < OFTEN ? undefined : (step.number = this.#keys.push([...keys]) - 1)
  }

  keysOf(number: number): readonly string[] {
    return this.#keys[number]!
  }

  #grow(before: Step, key: string): Step | undefined {
    if (this.#steps >= MAX_STEPS) return undefined
    this.#steps++
    const step: Step = { times: 0, number: undefined, next: undefined }
    before.next ??= new Map()
    before.next.set(key, step)
    return step
  }
}
