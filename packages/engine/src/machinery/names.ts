/**
 * The alphabets of Kubernetes names. Each check returns the reasons why the text is refused, none when it is good.
 * Rules, limits and texts follow apimachinery's `util/validation`; the regular expressions are part of its texts.
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const LABEL_VALUE = `(${QUALIFIED})?`
const CONFIG_KEY = '[-._a-zA-Z0-9]+'

const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`)
const IS_LABEL = whole(LABEL)
const IS_SUBDOMAIN = whole(SUBDOMAIN)
const IS_LABEL_1035 = whole(LABEL_1035)
const IS_QUALIFIED = whole(QUALIFIED)
const IS_LABEL_VALUE = whole(LABEL_VALUE)
const IS_CONFIG_KEY = whole(CONFIG_KEY)

const atMost = (max: number) => `must be no more than ${max} bytes`
const byteLength = (text: string) => new TextEncoder().encode(text).length
const tooLongFor = (text: string, max: number) => text.length * 3 > max && byteLength(text) > max

function regexText(rule: string, pattern: string, ...examples: string[]): string {
  const list = examples.map((example) => `'${example}'`).join(',  or ')
  return `${rule} (e.g. ${list}, regex used for validation is '${pattern}')`
}

const LABEL_TEXT = regexText(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  LABEL,
  'my-name',
  '123-abc',
)
const SUBDOMAIN_TEXT = regexText(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  SUBDOMAIN,
  'example.com',
)
const LABEL_1035_TEXT = regexText(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  LABEL_1035,
  'my-name',
  'abc-123',
)
const QUALIFIED_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const QUALIFIED_TEXT = regexText(QUALIFIED_RULE, QUALIFIED, 'MyName', 'my.name', '123-abc')
const LABEL_VALUE_TEXT = regexText(
  `a valid label must be an empty string or consist of ${QUALIFIED_RULE.slice('must consist of '.length)}`,
  LABEL_VALUE,
  'MyValue',
  'my_value',
  '12345',
)
const CONFIG_KEY_TEXT = regexText(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  CONFIG_KEY,
  'key.name',
  'KEY_NAME',
  'key-name',
)

function check(text: string, max: number, pattern: RegExp, why: string): readonly string[] {
  const reasons: string[] = []
  if (tooLongFor(text, max)) reasons.push(atMost(max))
  if (!pattern.test(text)) reasons.push(why)
  return reasons
}

/** RFC 1123 label: at most 63 bytes; namespaces. */
export const dnsLabelProblems = (text: string): readonly string[] => check(text, 63, IS_LABEL, LABEL_TEXT)
/** RFC 1123 subdomain: at most 253 bytes; names of most objects, API groups. */
export const dnsSubdomainProblems = (text: string): readonly string[] => check(text, 253, IS_SUBDOMAIN, SUBDOMAIN_TEXT)
/** RFC 1035 label: services, plurals of CRDs. */
export const dns1035LabelProblems = (text: string): readonly string[] => check(text, 63, IS_LABEL_1035, LABEL_1035_TEXT)
/** Values of labels: empty, or at most 63 bytes. */
export const labelValueProblems = (text: string): readonly string[] => check(text, 63, IS_LABEL_VALUE, LABEL_VALUE_TEXT)

/** Keys of ConfigMap and Secret data. */
export function configKeyProblems(text: string): readonly string[] {
  if (text === '.' || text === '..') return [`must not be '${text}'`]
  const reasons = [...check(text, 253, IS_CONFIG_KEY, CONFIG_KEY_TEXT)]
  if (text.startsWith('..')) reasons.push("must not start with '..'")
  return reasons
}

/** Path segments: names of RBAC objects, whose only rule is that a URL can carry them. */
export function pathSegmentProblems(text: string): readonly string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`]
  return ['/', '%'].filter((bad) => text.includes(bad)).map((bad) => `may not contain '${bad}'`)
}

/** Keys of labels and annotations, finalizers: `[prefix/]name`. */
export function qualifiedNameProblems(text: string): readonly string[] {
  const slash = text.indexOf('/')
  const name = text.slice(slash + 1)
  if (name.includes('/')) {
    return [
      `a qualified name ${QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  const reasons: string[] = []
  if (slash === 0) reasons.push('prefix part must be non-empty')
  else if (slash > 0) reasons.push(...dnsSubdomainProblems(text.slice(0, slash)).map((why) => `prefix part ${why}`))
  if (name === '') reasons.push('name part must be non-empty')
  else if (tooLongFor(name, 63)) reasons.push(`name part ${atMost(63)}`)
  if (!IS_QUALIFIED.test(name)) reasons.push(`name part ${QUALIFIED_TEXT}`)
  return reasons
}
