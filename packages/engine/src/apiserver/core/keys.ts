/** Where objects lie in the store: `/<group>/<resource>/<namespace>/<name>`, cluster-scoped ones without namespace. */
import type { Resource } from '../../machinery/shape.ts'

export function collectionOf(resource: Resource): string {
  return `/${resource.storage.group}/${resource.storage.resource}/`
}

/** All keys of a resource, or those of one namespace. */
export function prefixOf(resource: Resource, namespace: string | undefined): string {
  return namespace === undefined ? collectionOf(resource) : `${collectionOf(resource)}${namespace}/`
}

export function keyOf(resource: Resource, namespace: string | undefined, name: string): string {
  return `${prefixOf(resource, resource.namespaced ? namespace : undefined)}${name}`
}

/** Name and namespace of a key, read from its end: neither may contain a slash. */
export function placeOf(resource: Resource, key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.lastIndexOf('/')
  const name = key.slice(slash + 1)
  if (!resource.namespaced) return { namespace: '', name }
  return { namespace: key.slice(key.lastIndexOf('/', slash - 1) + 1, slash), name }
}

export const NAMESPACES = '//namespaces/'
export const SERVICE_ACCOUNTS = '//serviceaccounts/'
export const CONFIG_MAPS = '//configmaps/'
export const EVENTS = '//events/'
export const PODS = '//pods/'
export const CUSTOM_RESOURCE_DEFINITIONS = '/apiextensions.k8s.io/customresourcedefinitions/'
export const VALIDATING_WEBHOOKS = '/admissionregistration.k8s.io/validatingwebhookconfigurations/'
export const VALIDATING_ADMISSION_POLICIES = '/admissionregistration.k8s.io/validatingadmissionpolicies/'

export const namespaceKey = (name: string): string => NAMESPACES + name
