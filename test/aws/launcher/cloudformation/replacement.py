"""Which changed properties make CloudFormation replace a resource: what the documentation of each type says."""

REPLACING: dict[str, set[str]] = {
    "AWS::DynamoDB::Table": {"TableName", "KeySchema", "LocalSecondaryIndexes", "ImportSourceSpecification"},
    "AWS::ECR::Repository": {"RepositoryName", "EncryptionConfiguration"},
    "AWS::ElastiCache::CacheCluster": {
        "ClusterName",
        "Engine",
        "Port",
        "CacheSubnetGroupName",
        "SnapshotName",
        "SnapshotArns",
    },
    "AWS::ElastiCache::ParameterGroup": {"CacheParameterGroupFamily"},
    "AWS::ElastiCache::ReplicationGroup": {
        "AtRestEncryptionEnabled",
        "CacheSubnetGroupName",
        "KmsKeyId",
        "Port",
        "ReplicationGroupId",
        "SnapshotArns",
        "SnapshotName",
    },
    "AWS::ElastiCache::SubnetGroup": {"CacheSubnetGroupName"},
    "AWS::ElastiCache::User": {"UserId", "UserName"},
    "AWS::ElastiCache::UserGroup": {"UserGroupId"},
    "AWS::IAM::AccessKey": {"UserName", "Serial"},
    "AWS::IAM::InstanceProfile": {"InstanceProfileName", "Path"},
    "AWS::IAM::ManagedPolicy": {"ManagedPolicyName", "Path", "Description"},
    "AWS::IAM::Role": {"RoleName", "Path"},
    "AWS::IAM::User": {"UserName"},
    "AWS::S3::Bucket": {"BucketName", "ObjectLockEnabled"},
    "AWS::S3::BucketPolicy": {"Bucket"},
    "AWS::SNS::Subscription": {"TopicArn", "Protocol", "Endpoint"},
    "AWS::SNS::Topic": {"TopicName", "FifoTopic"},
    "AWS::SQS::Queue": {"QueueName", "FifoQueue"},
}


def replaces(resource_type: str, changed: set[str]) -> set[str]:
    """Of the changed properties, those that replace."""
    return changed & REPLACING.get(resource_type, set())
