/** Packages as tests need them: plain YAML, with values of a schema. */

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: { type: 'string', default: '', description: 'The name' },
    size: { type: 'integer', default: 1, minimum: 0, maximum: 5, description: 'The size' },
    labels: { nullable: true, default: {} },
    tags: {
      type: 'array',
      default: [],
      items: { type: 'object', properties: { key: { type: 'string' }, value: { type: 'string' } } },
    },
  },
}

const CONTENT = `apiVersion: v1
kind: ConfigMap
metadata:
  name: $(values.name)
data:
  size: "of $(values.size)"
  tags: "$(values.tags) for $(.creds.data.password)"
`

/** A ConfigMap called as `name` says, that has `size`. */
export function cachePackage(
  version: string,
  { refName = 'cache.example.com', content = CONTENT, more = {} } = {},
): string {
  const metadata = {
    apiVersion: 'data.packaging.carvel.dev/v1alpha1',
    kind: 'PackageMetadata',
    metadata: { name: refName },
    spec: {
      displayName: 'Cache',
      shortDescription: 'A cache in a map',
      categories: ['cache'],
      providerName: 'Example',
    },
  }
  const one = {
    apiVersion: 'data.packaging.carvel.dev/v1alpha1',
    kind: 'Package',
    metadata: { name: `${refName}.${version}` },
    spec: {
      refName,
      version,
      releasedAt: '2026-01-02T03:04:05Z',
      valuesSchema: { openAPIv3: SCHEMA },
      template: {
        spec: {
          fetch: [{ inline: { paths: { 'config.yml': content } } }],
          template: [{ values: {} }],
          deploy: [{ kapp: {} }],
        },
      },
      ...more,
    },
  }
  return `${JSON.stringify(metadata)}\n---\n${JSON.stringify(one)}\n`
}
