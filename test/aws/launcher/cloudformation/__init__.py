"""CloudFormation: stacks that take time and may fail, with moto's models for each type of resource."""

from typing import Any

from moto.cloudformation.models import Event, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import BaseResponse
from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.sns.models import sns_backends

from cloudformation import (
    elasticache_types,
    operations,
    policies,
    s3_buckets,
    templates,
)
from endpoint_state import LOCK

#: Imported for their classes: moto finds the types that it has as the subclasses of its base.
TYPES_BESIDE = (policies,)


def install() -> None:
    elasticache_types.install()
    s3_buckets.install()
    for name, operation in operations.OPERATIONS.items():
        setattr(CloudFormationResponse, name, operation)
    # They turn moto's stacks into shapes; ours come as shapes.
    CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER = {
        path: transformer
        for path, transformer in CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
        if "StackSet" in path
    }
    CloudFormationResponse.call_action = call_action  # type: ignore[method-assign]
    Stack.parse_template = staticmethod(templates.parse)
    Event.sendToSns = send_to_topics  # type: ignore[method-assign]


def call_action(self: CloudFormationResponse) -> Any:
    with LOCK:
        return BaseResponse.call_action(self)


def send_to_topics(event: Event, account: str, region: str, topics: list[str]) -> None:
    """As CloudFormation writes them: moto says None where that has nothing, and leaves the physical id out."""
    if not topics:
        return
    fields = {
        "StackId": event.stack_id,
        "Timestamp": iso_8601_datetime_with_milliseconds(event.timestamp),
        "EventId": event.event_id,
        "LogicalResourceId": event.logical_resource_id,
        "Namespace": account,
        "PhysicalResourceId": event.physical_resource_id,
        "ResourceProperties": event.resource_properties or "null",
        "ResourceStatus": event.resource_status,
        "ResourceStatusReason": event.resource_status_reason or "",
        "ResourceType": event.resource_type,
        "StackName": event.stack_name,
        "ClientRequestToken": event.client_request_token or "null",
    }
    message = "".join(f"{key}='{value}'\n" for key, value in fields.items())
    for topic in topics:
        sns_backends[account][region].publish(message, subject="AWS CloudFormation Notification", arn=topic)
