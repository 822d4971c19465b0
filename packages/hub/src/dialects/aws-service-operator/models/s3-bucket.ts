import { choice, flag, object, text } from '../../../model/schema.ts'
import {
  attribute,
  equals,
  from,
  ref,
  resourceTags,
  templateOf,
  when,
  type Facts,
  type ResourceModel,
} from '../model.ts'

const ACCESS = [
  'Private',
  'PublicRead',
  'PublicReadWrite',
  'AuthenticatedRead',
  'LogDeliveryWrite',
  'BucketOwnerRead',
  'BucketOwnerFullControl',
  'AwsExecRead',
] as const
const YES_NO = ['true', 'false'] as const

const addressOf = ({ name, region }: Facts): string => `${name}.s3-${region}.amazonaws.com`

/** Buckets may have dots in their names and begin with a digit; the API would refuse such a Service in every pass, and the status would never be told. */
const isServiceName = (name: string): boolean => /^[a-z][-a-z0-9]*$/.test(name)

export const s3Bucket: ResourceModel = {
  kind: 'S3Bucket',
  plural: 's3buckets',
  shortNames: ['s3', 'bucket', 'buckets'],
  description: 'A bucket of S3, called as the object. It outlives the object unless an annotation says otherwise.',
  fields: {
    versioning: flag('Whether older versions of what is in it are kept. Default: false.'),
    accessControl: choice('Who may read and write. Default: `Private`.', ACCESS),
    logging: object('Whether each access is noted in a second bucket, `NAMElogging`.', {
      enabled: flag('Default: false.'),
      prefix: text('Of the names of the notes. Default: `Archive`.'),
    }),
    website: object('Whether what is in it is served as a site that everybody may read.', {
      enabled: flag('Default: false.'),
      indexPage: text('The page of a folder. Default: `index.html`.'),
      errorPage: text('The page for what is not there. Default: `500.html`.'),
    }),
  },
  rules: [
    {
      rule: 'self.metadata.name.size() >= 3 && self.metadata.name.size() <= 63',
      message: 'metadata.name: buckets have names of 3 to 63 characters',
    },
    {
      rule: '!(has(self.spec) && has(self.spec.logging) && has(self.spec.logging.enabled) && self.spec.logging.enabled) || self.metadata.name.size() <= 56',
      message: 'metadata.name: with logging it has at most 56 characters, for the bucket NAMElogging',
    },
  ],
  nameParameter: 'BucketName',
  parameters: {
    EnableVersioning: from('versioning', false),
    BucketAccessControl: from('accessControl', 'Private'),
    EnableLogging: from('logging.enabled', false),
    LoggingPrefix: from('logging.prefix', 'Archive'),
    EnableStaticSite: from('website.enabled', false),
    StaticSiteIndex: from('website.indexPage', 'index.html'),
    StaticSiteError: from('website.errorPage', '500.html'),
  },
  template: (deletion) =>
    templateOf({
      description: 'An S3 bucket',
      parameters: {
        BucketName: {},
        EnableVersioning: { default: 'false', allowed: YES_NO },
        BucketAccessControl: { default: 'Private', allowed: ACCESS },
        EnableLogging: { default: 'false', allowed: YES_NO },
        LoggingPrefix: { default: 'Archive' },
        EnableStaticSite: { default: 'false', allowed: YES_NO },
        StaticSiteIndex: { default: 'index.html' },
        StaticSiteError: { default: '500.html' },
      },
      conditions: {
        IsVersioned: equals('EnableVersioning', 'true'),
        IsLogged: equals('EnableLogging', 'true'),
        IsSite: equals('EnableStaticSite', 'true'),
        IsOpen: {
          'Fn::Or': [
            equals('EnableStaticSite', 'true'),
            ...['PublicRead', 'PublicReadWrite', 'AuthenticatedRead'].map((access) =>
              equals('BucketAccessControl', access),
            ),
          ],
        },
      },
      resources: {
        Bucket: {
          Type: 'AWS::S3::Bucket',
          DeletionPolicy: deletion,
          Properties: {
            BucketName: ref('BucketName'),
            AccessControl: ref('BucketAccessControl'),
            // AWS takes no list of rights for a new bucket that does not ask for one.
            OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
            VersioningConfiguration: when('IsVersioned', { Status: 'Enabled' }),
            LoggingConfiguration: when('IsLogged', {
              DestinationBucketName: ref('LoggingBucket'),
              LogFilePrefix: ref('LoggingPrefix'),
            }),
            WebsiteConfiguration: when('IsSite', {
              IndexDocument: ref('StaticSiteIndex'),
              ErrorDocument: ref('StaticSiteError'),
            }),
            // Without this AWS refuses what lets everybody in.
            PublicAccessBlockConfiguration: when('IsOpen', {
              BlockPublicAcls: false,
              BlockPublicPolicy: false,
              IgnorePublicAcls: false,
              RestrictPublicBuckets: false,
            }),
            Tags: resourceTags(),
          },
        },
        SitePolicy: {
          Type: 'AWS::S3::BucketPolicy',
          Condition: 'IsSite',
          Properties: {
            Bucket: ref('Bucket'),
            PolicyDocument: {
              Version: '2012-10-17',
              Statement: [
                {
                  Effect: 'Allow',
                  Principal: '*',
                  Action: 's3:GetObject',
                  Resource: { 'Fn::Join': ['', [attribute('Bucket', 'Arn'), '/*']] },
                },
              ],
            },
          },
        },
        LoggingBucket: {
          Type: 'AWS::S3::Bucket',
          Condition: 'IsLogged',
          DeletionPolicy: deletion,
          Properties: {
            BucketName: { 'Fn::Join': ['', [ref('BucketName'), 'logging']] },
            AccessControl: 'LogDeliveryWrite',
            OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
            Tags: resourceTags(),
          },
        },
      },
      outputs: {
        BucketName: ref('Bucket'),
        BucketArn: attribute('Bucket', 'Arn'),
        WebsiteURL: attribute('Bucket', 'WebsiteURL'),
      },
    }),
  keeps: true,
  outputs: { bucketName: 'BucketName', bucketARN: 'BucketArn', websiteURL: 'WebsiteURL' },
  sides: ['services', 'configMaps'],
  service: (facts) => (isServiceName(facts.name) ? { externalName: addressOf(facts), port: 443 } : undefined),
  configMap: (facts) => ({
    ...facts.output,
    ...(isServiceName(facts.name) && { serviceName: facts.name }),
    region: facts.region,
    bucketURL: addressOf(facts),
  }),
}
