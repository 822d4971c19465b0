import { expect, test } from 'vitest'
import type { JsonObject } from '../../base/json.ts'
import { encodeDocument } from './gnostic.ts'

/** Every message that we write, its fields in the order of their numbers, as Go's encoder writes them. */
const document: JsonObject = {
  swagger: '2.0',
  info: {
    title: 'T',
    version: 'v1',
  },
  paths: {
    '/x/{name}': {
      get: {
        tags: ['t'],
        operationId: 'readX',
        produces: ['application/json'],
        parameters: [
          {
            in: 'query',
            description: 'q',
            name: 'watch',
            type: 'boolean',
            uniqueItems: true,
          },
        ],
        responses: {
          '200': {
            description: 'OK',
            schema: {
              $ref: '#/definitions/A',
            },
          },
        },
        schemes: ['https'],
        'x-kubernetes-action': 'get',
      },
      patch: {
        operationId: 'patchX',
        consumes: ['application/merge-patch+json'],
        parameters: [
          {
            name: 'body',
            in: 'body',
            required: true,
            schema: {
              $ref: '#/definitions/A',
            },
          },
        ],
        responses: {
          '200': {
            description: 'OK',
          },
        },
        'x-kubernetes-group-version-kind': {
          group: 'g',
          kind: 'A',
          version: 'v1',
        },
      },
      parameters: [
        {
          required: true,
          in: 'path',
          description: 'p',
          name: 'name',
          type: 'string',
          uniqueItems: true,
        },
      ],
    },
  },
  definitions: {
    A: {
      description: 'd',
      required: ['list'],
      type: 'object',
      properties: {
        list: {
          type: 'array',
          items: {
            type: 'string',
          },
          'x-kubernetes-patch-strategy': 'merge',
        },
        map: {
          additionalProperties: {
            $ref: '#/definitions/A',
          },
          type: 'object',
        },
        open: {
          additionalProperties: true,
          type: 'object',
        },
        size: {
          format: 'int32',
          maximum: 2.5,
          minLength: 300,
          enum: ['a', 'b'],
          type: 'integer',
        },
      },
    },
  },
}

/** The same, as gnostic-models 0.6.9 reads it and marshals it, with its YAML values (`merge`) in the JSON spelling (`"merge"`). */
const bytes = [
  'CgMyLjASBwoBVBICdjFC9wIS9AIKCS94L3tuYW1lfRLmAhKPAQoBdCoFcmVhZFgyEGFwcGxpY2F0aW9uL2pzb25CIwohEh8aHRIFcXVlcnkaAX',
  'EiBXdhdGNoMgdib29sZWFuoAEBSiQKIgoDMjAwEhsKGQoCT0sSEwoRCg8jL2RlZmluaXRpb25zL0FSBWh0dHBzah8KE3gta3ViZXJuZXRlcy1h',
  'Y3Rpb24SCBIGImdldCIKQq0BKgZwYXRjaFg6HGFwcGxpY2F0aW9uL21lcmdlLXBhdGNoK2pzb25CJQojCiESBGJvZHkaBGJvZHkgASoRCg8jL2',
  'RlZmluaXRpb25zL0FKDwoNCgMyMDASBgoECgJPS2pNCh94LWt1YmVybmV0ZXMtZ3JvdXAtdmVyc2lvbi1raW5kEioSKHsiZ3JvdXAiOiJnIiwi',
  'a2luZCI6IkEiLCJ2ZXJzaW9uIjoidjEifQpKIgogEh4iHAgBEgRwYXRoGgFwIgRuYW1lKgZzdHJpbmeYAQFK8QEK7gEKAUES6AEiAWSaAQRsaX',
  'N0sgEICgZvYmplY3TKAc8BCk4KBGxpc3QSRrIBBwoFYXJyYXm6AQ0KC7IBCAoGc3RyaW5n+gEpCht4LWt1YmVybmV0ZXMtcGF0Y2gtc3RyYXRl',
  'Z3kSChIIIm1lcmdlIgoKKAoDbWFwEiGqARMKEQoPIy9kZWZpbml0aW9ucy9BsgEICgZvYmplY3QKGAoEb3BlbhIQqgECEAGyAQgKBm9iamVjdA',
  'o5CgRzaXplEjESBWludDMyOQAAAAAAAARAYKwCogEGEgQiYSIKogEGEgQiYiIKsgEJCgdpbnRlZ2Vy',
].join('')

test('a document has the bytes that gnostic gives it', () => {
  expect(encodeDocument(document).toString('base64')).toBe(bytes)
})
