/** Flags as the plugins `services` and `apps` of the Tanzu CLI have them; `--wait`, `--timeout` and `-o json` are additions. */
import type { Invocation, Option, Run } from '../../command.ts'
import { withApi, type Connection } from '../../connect.ts'
import type { Terminal } from '../../terminal.ts'

export const TANZU_OPTIONS = {
  context: { type: 'string', placeholder: 'NAME', help: 'context of the kubeconfig (default: its current one)' },
  kubeconfig: {
    type: 'string',
    placeholder: 'FILE',
    help: 'kubeconfig (default $KUBECONFIG, else the hub of ./.larder, else ~/.kube/config)',
  },
  color: { type: 'boolean', negated: true, help: 'no colour' },
  help: { type: 'boolean', short: 'h', help: 'show help' },
  namespace: {
    type: 'string',
    short: 'n',
    placeholder: 'NS',
    help: 'namespace (default: that of the context, else default)',
  },
  'all-namespaces': { type: 'boolean', short: 'A', help: 'all namespaces' },
  output: { type: 'string', short: 'o', placeholder: 'FORMAT', help: 'json' },
  class: { type: 'string', short: 'c', placeholder: 'CLASS', help: 'class' },
  'resource-name': { type: 'string', placeholder: 'NAME', help: 'resource to claim' },
  'resource-kind': { type: 'string', placeholder: 'KIND', help: 'its kind, such as Secret' },
  'resource-api-version': {
    type: 'string',
    placeholder: 'GROUP/VERSION',
    help: 'its API version, such as v1 or rabbitmq.com/v1beta1',
  },
  'resource-namespace': { type: 'string', placeholder: 'NS', help: 'its namespace (default: that of the claim)' },
  parameter: {
    type: 'string',
    short: 'p',
    placeholder: 'KEY=VALUE',
    multiple: true,
    help: 'parameter of the class, VALUE as YAML; dots in KEY reach into objects',
  },
  yes: { type: 'boolean', short: 'y', help: 'do not ask' },
  wait: { type: 'boolean', help: 'wait until it has come true' },
  timeout: { type: 'string', placeholder: 'TIME', help: 'give up after this long (default 10m)' },
  file: { type: 'string', short: 'f', placeholder: 'FILE', help: 'a Workload as YAML to begin with; - reads stdin' },
  'git-repo': { type: 'string', placeholder: 'URL', help: 'git repository of the source' },
  'git-branch': { type: 'string', placeholder: 'BRANCH', help: 'its branch' },
  'git-tag': { type: 'string', placeholder: 'TAG', help: 'its tag' },
  'git-commit': { type: 'string', placeholder: 'SHA', help: 'its commit' },
  'sub-path': { type: 'string', placeholder: 'DIR', help: 'folder of the source in the repository' },
  image: { type: 'string', short: 'i', placeholder: 'IMAGE', help: 'image that is built already' },
  type: { type: 'string', short: 't', placeholder: 'TYPE', help: 'type of the workload, such as web or server' },
  app: { type: 'string', short: 'a', placeholder: 'NAME', help: 'application that it is part of' },
  label: { type: 'string', short: 'l', placeholder: 'KEY=VALUE', multiple: true, help: 'label; KEY- removes it' },
  annotation: {
    type: 'string',
    placeholder: 'KEY=VALUE',
    multiple: true,
    help: 'annotation of what runs; KEY- removes it',
  },
  env: { type: 'string', short: 'e', placeholder: 'KEY=VALUE', multiple: true, help: 'variable; KEY- removes it' },
  'build-env': {
    type: 'string',
    placeholder: 'KEY=VALUE',
    multiple: true,
    help: 'variable of the build; KEY- removes it',
  },
  param: {
    type: 'string',
    placeholder: 'KEY=VALUE',
    multiple: true,
    help: 'parameter of the supply chain; KEY- removes it',
  },
  'service-ref': {
    type: 'string',
    placeholder: 'NAME=REF',
    multiple: true,
    help: 'claim to bind, REF as APIVERSION:KIND:[NAMESPACE:]NAME; NAME- removes it',
  },
  'service-account': { type: 'string', placeholder: 'NAME', help: 'ServiceAccount that it runs as' },
  'dry-run': { type: 'boolean', help: 'print the Workload and change nothing' },
  url: {
    type: 'string',
    placeholder: 'SOURCE',
    help: 'image of a registry, or a folder (./packages), which is read now',
  },
  'secret-ref': { type: 'string', placeholder: 'NAME', help: 'Secret of the namespace with a login for the registry' },
  'semver-tag-constraints': {
    type: 'string',
    placeholder: 'RANGE',
    help: 'the newest tag that is a version in this range, such as >=1.0.0',
  },
  'create-namespace': { type: 'boolean', help: 'make the namespace where it is not there' },
  wide: { type: 'boolean', help: 'show more' },
  'values-schema': { type: 'boolean', help: 'show the values that may be set' },
  'package-name': { type: 'string', placeholder: 'PACKAGE', help: 'package to install; also --package, -p' },
  version: { type: 'string', placeholder: 'VERSION', help: 'version, or a range of them (default >= 0.0.0); also -v' },
  'values-file': { type: 'string', placeholder: 'FILE', help: 'values as YAML; - reads stdin; also -f' },
  'values-file-output': {
    type: 'string',
    placeholder: 'FILE',
    help: 'write the values into this file, and print nothing',
  },
  'service-account-name': {
    type: 'string',
    placeholder: 'NAME',
    help: 'ServiceAccount as which it is installed (default: one is made that may do everything)',
  },
  noop: { type: 'boolean', help: 'what was installed stays' },
} as const satisfies Record<string, Option>

export type TanzuOptions = typeof TANZU_OPTIONS
export type TanzuRun = Run<TanzuOptions>
type TanzuInvocation = Invocation<TanzuOptions>
export type TanzuValues = TanzuInvocation['options']

export const GLOBAL = ['context', 'kubeconfig', 'color'] as const satisfies readonly (keyof TanzuOptions)[]
export const NAMESPACED = ['namespace', ...GLOBAL] as const

export function withCluster<T = void>(
  { context, kubeconfig, namespace }: TanzuValues,
  terminal: Terminal,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const where = {
    ...(context !== undefined && { context }),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(namespace !== undefined && { namespace }),
  }
  return withApi({ ...where, fallback: 'any' }, terminal, work)
}
