/** The calls of S3 that an object's life needs. */
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3'
import { blocked } from '@larder/kit'
import { call, isRefusal } from '../account/call.ts'
import type { Place, WantedObject } from './recipe.ts'

/** In the metadata of an object, where S3 has them in lower case. */
const OWNER = 'larder-id'
const DIGEST = 'larder-digest'

export interface Head {
  /** The id of its instance; undefined: it is none of ours. */
  readonly owner: string | undefined
  readonly digest: string | undefined
  readonly versionId: string | undefined
}

export async function head(client: S3Client, { bucket, key }: Place, signal: AbortSignal): Promise<Head | undefined> {
  try {
    const { Metadata = {}, VersionId }: HeadObjectCommandOutput = await call('s3:HeadObject', () =>
      client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal }),
    )
    return { owner: Metadata[OWNER], digest: Metadata[DIGEST], versionId: VersionId }
  } catch (error) {
    // An answer without a body: the bucket that is missing says the same.
    if (isRefusal(error, 'NotFound', 'NoSuchKey', 'NoSuchBucket')) return undefined
    // To follow it, as the SDK can, moves the client that others are using to that region meanwhile.
    if (isRefusal(error, 'PermanentRedirect')) {
      const next = 'name one in the region of the Backend, or a Backend of that region'
      throw blocked(`recipe.object.bucket: bucket ${bucket} is not here: ${error.said}; ${next}`)
    }
    throw error
  }
}

/** `isNew`: there must be none yet. False: there is one. */
export async function put(
  client: S3Client,
  { bucket, key, content, contentType, digest }: WantedObject,
  { owner, isNew }: { owner: string; isNew: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: content,
    ContentType: contentType,
    Metadata: { [OWNER]: owner, [DIGEST]: digest },
    ...(isNew && { IfNoneMatch: '*' }),
  })
  try {
    await call('s3:PutObject', () => client.send(command, { abortSignal: signal }), { mutates: true })
    return true
  } catch (error) {
    if (isRefusal(error, 'PreconditionFailed', 'ConditionalRequestConflict')) return false
    // Perhaps another instance is making it.
    if (isRefusal(error, 'NoSuchBucket')) throw blocked(`recipe.object.bucket: there is no bucket ${bucket}`)
    throw error
  }
}

export async function remove(client: S3Client, { bucket, key }: Place, signal: AbortSignal): Promise<void> {
  await call('s3:DeleteObject', () =>
    client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal }),
  )
}
