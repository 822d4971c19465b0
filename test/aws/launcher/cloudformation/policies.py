"""Types that moto has not: a subscription of a topic, and the policies of queues and buckets."""

import json
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.utilities.utils import get_partition


class SnsSubscription(CloudFormationModel):
    def __init__(self, arn: str):
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SNS::Subscription"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        if attribute_name != "Arn":
            raise ValueError(f"Resource type AWS::SNS::Subscription does not support attribute {{{attribute_name}}}")
        return self.physical_resource_id

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        properties = cloudformation_json["Properties"]
        backend = sns_backends[account_id][region_name]
        subscription = backend.subscribe(properties["TopicArn"], properties.get("Endpoint", ""), properties["Protocol"])
        set_raw_delivery(subscription, properties)
        if "FilterPolicy" in properties:
            subscription.attributes["FilterPolicy"] = json.dumps(properties["FilterPolicy"])
            subscription._filter_policy = properties["FilterPolicy"]
        return cls(subscription.arn)

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Any, new_resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> Any:
        properties = cloudformation_json["Properties"]
        subscription = sns_backends[account_id][region_name].subscriptions[original_resource.physical_resource_id]
        set_raw_delivery(subscription, properties)
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        sns_backends[account_id][region_name].unsubscribe(resource_name)


def set_raw_delivery(subscription: Any, properties: dict[str, Any]) -> None:
    """moto looks whether it is there, and not what it says."""
    subscription.attributes.pop("RawMessageDelivery", None)
    if str(properties.get("RawMessageDelivery")).lower() == "true":
        subscription.attributes["RawMessageDelivery"] = "true"


class SqsQueuePolicy(CloudFormationModel):
    def __init__(self, name: str):
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SQS::QueuePolicy"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Id"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return self.physical_resource_id

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        set_queue_policies(cloudformation_json["Properties"], account_id, region_name)
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Any, new_resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> Any:
        set_queue_policies(cloudformation_json["Properties"], account_id, region_name)
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        queues = sqs_backends[account_id][region_name].queues
        for url in cloudformation_json["Properties"]["Queues"]:
            if url.split("/")[-1] in queues:
                queues[url.split("/")[-1]].policy = None


def set_queue_policies(properties: dict[str, Any], account_id: str, region_name: str) -> None:
    for url in properties["Queues"]:
        # `Queues` has addresses; moto knows queues by name.
        queue = sqs_backends[account_id][region_name].get_queue(url.split("/")[-1])
        queue.policy = policy_text(properties["PolicyDocument"])


class S3BucketPolicy(CloudFormationModel):
    def __init__(self, bucket: str):
        self.physical_resource_id = bucket

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::S3::BucketPolicy"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return False

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        properties = cloudformation_json["Properties"]
        backend = s3_backends[account_id][get_partition(region_name)]
        backend.put_bucket_policy(properties["Bucket"], policy_text(properties["PolicyDocument"]).encode())
        return cls(properties["Bucket"])

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Any, new_resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> Any:
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        s3_backends[account_id][get_partition(region_name)].delete_bucket_policy(resource_name)


def policy_text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)
