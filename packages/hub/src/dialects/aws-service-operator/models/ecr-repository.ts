import { attribute, ref, templateOf, type ResourceModel } from '../model.ts'

export const ecrRepository: ResourceModel = {
  kind: 'ECRRepository',
  plural: 'ecrrepositories',
  shortNames: ['ecr', 'repository'],
  description: 'A repository of images, called as the object.',
  fields: {},
  rules: [
    {
      rule: 'self.metadata.name.size() >= 2',
      message: 'metadata.name: repositories have names of at least 2 characters',
    },
  ],
  nameParameter: 'RepositoryName',
  parameters: {},
  template: () =>
    templateOf({
      description: 'An ECR repository',
      parameters: { RepositoryName: {} },
      resources: {
        Repository: { Type: 'AWS::ECR::Repository', Properties: { RepositoryName: ref('RepositoryName') } },
      },
      outputs: { RepositoryName: ref('Repository'), RepositoryARN: attribute('Repository', 'Arn') },
    }),
  outputs: { repositoryName: 'RepositoryName', repositoryARN: 'RepositoryARN' },
  computed: {
    repositoryURL: ({ accountID, region, name }) => `${accountID}.dkr.ecr.${region}.amazonaws.com/${name}`,
  },
  sides: [],
}
