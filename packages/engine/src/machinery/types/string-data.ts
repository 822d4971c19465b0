import { isObject, setOwn, type Json, type JsonObject } from '../../base/json.ts'

/** A Secret whose write-only `stringData` has become `data`; on equal keys stringData wins. Wrong types are left to be reported. */
export function foldStringData(secret: JsonObject): JsonObject {
  const { stringData, ...rest } = secret
  if (!isObject(stringData) || Object.values(stringData).some((value) => value !== null && typeof value !== 'string')) {
    return secret
  }
  const data: Record<string, Json> = isObject(rest['data']) ? { ...rest['data'] } : {}
  for (const [key, value] of Object.entries(stringData)) {
    setOwn(data, key, Buffer.from((value as string | null) ?? '').toString('base64'))
  }
  return { ...rest, data }
}
