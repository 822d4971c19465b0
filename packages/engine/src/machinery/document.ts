import { freezeJson, parseOwnJson, stringifyJson } from '../base/json.ts'
import { asJson, type KubeObject } from './object.ts'

/**
 * One version of one stored object, as bytes, as a frozen object, or both: whichever is missing is made when first
 * asked for. The store keeps bytes on disk, HTTP sends the bytes as they are, in-process readers share the object.
 */
export class Document {
  #bytes: Buffer | undefined
  #object: KubeObject | undefined

  private constructor(bytes: Buffer | undefined, object: KubeObject | undefined) {
    this.#bytes = bytes
    this.#object = object
  }

  static fromBytes(bytes: Buffer): Document {
    return new Document(bytes, undefined)
  }

  /** Takes the object over and freezes it. */
  static fromObject(object: KubeObject): Document {
    freezeJson(asJson(object))
    return new Document(undefined, object)
  }

  /** Compact JSON in UTF-8. Shared: never write into it. */
  get bytes(): Buffer {
    return (this.#bytes ??= Buffer.from(stringifyJson(asJson(this.object))))
  }

  get object(): KubeObject {
    return (this.#object ??= freezeJson(parseOwnJson(this.#bytes!.toString()) as never))
  }
}
