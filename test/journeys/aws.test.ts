/** Queues of AWS from the command line: credentials from the hub's environment as every tool of AWS has them, a hub killed with SIGKILL, and what is shown meanwhile. */
import { CloudFormationClient, ListStacksCommand } from '@aws-sdk/client-cloudformation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAws, type Aws } from '../aws/endpoint.ts'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually } from '../testing/processes.ts'

const OBJECTS = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
apiVersion: larder.dev/v1alpha1
kind: Backend
metadata: {name: aws}
spec: {driver: cloudformation}
---
apiVersion: larder.dev/v1alpha1
kind: Class
metadata: {name: queue}
spec:
  type: sqs
  description: A queue of its own
  backendRef: {name: aws}
  recipe:
    usually: 2s
    template: |
      Resources:
        Queue: {Type: AWS::SQS::Queue}
      Outputs:
        URL: {Value: !Ref Queue}
`
const CLAIM = `
apiVersion: larder.dev/v1alpha1
kind: Claim
metadata: {name: jobs, namespace: shop}
spec: {className: queue}
`

let aws: Aws
let hub: Hub

beforeAll(async () => {
  aws = await startAws({ creatingMs: 500 })
  hub = await newHub({ env: aws.env })
  await hub.start('--no-samples')
  await hub.ok(['apply', '-f', '-'], { stdin: OBJECTS })
  await hub.ok(['wait', '--for=condition=Ready', 'class/queue', '--timeout=30s'])
})
afterAll(async () => {
  await hub.remove()
  await aws.stop()
})

async function stacksEver(): Promise<readonly (string | undefined)[]> {
  const truth = new CloudFormationClient(aws.client(aws.truthUrl))
  const { StackSummaries = [] } = await truth.send(new ListStacksCommand({}))
  return StackSummaries.map(({ StackStatus }) => StackStatus)
}

test('row 51: larder up that is killed after CreateStack finds the stack again, tells how far it is, and makes no other', async () => {
  await aws.setTimes({ creatingMs: Infinity })
  const answer = aws.faults.hold({ action: 'CreateStack' }, { at: 'answer', times: 1 })
  await hub.ok(['apply', '-f', '-'], { stdin: CLAIM })
  await answer.reached()
  await hub.kill()
  answer.lift()
  await hub.start('--no-samples')
  const timeline = await eventually('the stack in the timeline', async () => {
    const { stdout } = await hub.larder('timeline', 'claim/jobs', '-n', 'shop')
    return stdout.includes('CREATE_IN_PROGRESS') ? stdout : undefined
  })
  expect(timeline).toMatch(/create\b/)
  await aws.setTimes({ creatingMs: 0 })
  await hub.ok(['wait', '-n', 'shop', '--for=condition=Ready', 'claim/jobs', '--timeout=30s'])
  expect(await stacksEver()).toEqual(['CREATE_COMPLETE'])
  expect(aws.calls.count({ action: 'CreateStack' })).toBe(1)
  const url = await hub.ok(['get', 'secret', 'jobs', '-n', 'shop', '-o', 'jsonpath={.data.URL}'])
  expect(Buffer.from(url, 'base64').toString()).toMatch(/^http/)
  expect(hub.log()).not.toContain(aws.env['AWS_SECRET_ACCESS_KEY'])
  await hub.ok(['delete', 'claim', 'jobs', '-n', 'shop', '--timeout=30s'])
  await expect.poll(stacksEver, { timeout: 20_000, interval: 100 }).toEqual(['DELETE_COMPLETE'])
})
