"""Changes in place that moto gets wrong: it would lose a table, replace a topic, and forget most attributes of a queue."""

from collections.abc import Callable
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.utilities.utils import get_partition

from cloudformation.s3_buckets import configure

QUEUE_DEFAULTS = {
    "DelaySeconds": 0,
    "MaximumMessageSize": 262144,
    "MessageRetentionPeriod": 345600,
    "ReceiveMessageWaitTimeSeconds": 0,
    "VisibilityTimeout": 30,
}


def update_queue(queue: Any, properties: dict[str, Any], *_: Any) -> None:
    policy = queue.policy
    names = {*QUEUE_DEFAULTS, "ContentBasedDeduplication", "KmsMasterKeyId", "RedrivePolicy"}
    wanted = {name: value for name, value in properties.items() if name in names}
    queue._set_attributes({**QUEUE_DEFAULTS, **wanted})
    # The policy is a resource of its own, which that call would empty.
    queue.policy = policy
    queue.tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}


def update_topic(topic: Any, properties: dict[str, Any], account: str, region: str) -> None:
    topic.display_name = properties.get("DisplayName", "")
    topic._tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    backend = sns_backends[account][region]
    there = {(each.protocol, each.endpoint) for each in backend.subscriptions.values() if each.topic is topic}
    for wanted in properties.get("Subscription", []):
        if (wanted["Protocol"], wanted["Endpoint"]) not in there:
            backend.subscribe(topic.arn, wanted["Endpoint"], wanted["Protocol"])


def update_table(table: Any, properties: dict[str, Any], account: str, region: str) -> None:
    backend = dynamodb_backends[account][region]
    backend.update_table(
        name=table.name,
        attr_definitions=properties.get("AttributeDefinitions", []),
        global_index=index_changes(table, properties.get("GlobalSecondaryIndexes", [])),
        throughput=properties.get("ProvisionedThroughput") or {},
        billing_mode=properties.get("BillingMode") or "PROVISIONED",
        stream_spec={},
        deletion_protection_enabled=properties.get("DeletionProtectionEnabled"),
        warm_throughput=properties.get("WarmThroughput"),
    )
    table.tags = properties.get("Tags") or []


def index_changes(table: Any, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    there = {index.name for index in table.global_indexes}
    names = {each["IndexName"] for each in wanted}
    return [{"Delete": {"IndexName": name}} for name in sorted(there - names)] + [
        {"Create": each} for each in wanted if each["IndexName"] not in there
    ]


def update_bucket(bucket: Any, properties: dict[str, Any], account: str, region: str) -> None:
    configure(s3_backends[account][get_partition(region)], bucket, properties)


UPDATES: dict[str, Callable[[Any, dict[str, Any], str, str], None]] = {
    "AWS::DynamoDB::Table": update_table,
    "AWS::S3::Bucket": update_bucket,
    "AWS::SNS::Topic": update_topic,
    "AWS::SQS::Queue": update_queue,
}
