"""One resource of a stack: made, changed and removed by moto's models of its type, with what they lack."""

import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.cloudformation.parsing import (
    clean_json,
    parse_and_delete_resource,
    parse_resource_and_generate_name,
    resource_class_from_type,
)
from moto.core.utils import utcnow

from cloudformation.replacement import replaces
from cloudformation.updates import UPDATES, update_topic
from endpoint_state import take_failure

#: Types whose `Tags` is a list, and to which CloudFormation hands on the tags of the stack. Those of EC2 get them
#: from moto.
TAGGED = {
    "AWS::DynamoDB::Table",
    "AWS::ECR::Repository",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ParameterGroup",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::ElastiCache::User",
    "AWS::ElastiCache::UserGroup",
    "AWS::IAM::Role",
    "AWS::IAM::User",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
}


@dataclass
class Record:
    """What a stack knows of a resource that it has made."""

    logical_id: str
    type: str
    #: The name that it was given or got; of some types that is not the physical id.
    name: str
    resource: Any
    properties: dict[str, Any]
    deletion_policy: str
    status: str = "CREATE_COMPLETE"
    reason: str | None = None
    updated: datetime = field(default_factory=utcnow)

    @property
    def physical_id(self) -> str:
        return str(getattr(self.resource, "physical_resource_id", self.name))


class ResourceFailure(Exception):
    """A resource could not be made, changed or removed; the text is what its event says."""


def is_wanted(resource_map: Any, logical_id: str) -> bool:
    condition = resource_map._resource_json_map[logical_id].get("Condition")
    return condition is None or bool(resource_map.lazy_condition_map[condition])


def properties_of(resource_map: Any, logical_id: str) -> dict[str, Any]:
    """With every function carried out, and the tags of the stack among its own."""
    declared = resource_map._resource_json_map[logical_id]
    properties = copy.deepcopy(clean_json(declared.get("Properties") or {}, resource_map))
    if declared["Type"] in TAGGED:
        properties["Tags"] = tags_of(resource_map, logical_id, properties.get("Tags") or [])
    return properties


def tags_of(resource_map: Any, logical_id: str, own: list[dict[str, str]]) -> list[dict[str, str]]:
    """Its own before those of the stack, and three that say where it comes from."""
    tags = {
        **resource_map.stack_tags,
        **{tag["Key"]: tag["Value"] for tag in own},
        "aws:cloudformation:stack-name": resource_map["AWS::StackName"],
        "aws:cloudformation:stack-id": resource_map["AWS::StackId"],
        "aws:cloudformation:logical-id": logical_id,
    }
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def create(stack: Any, logical_id: str) -> Record:
    """Raises ResourceFailure, also when a test asked for one."""
    resource_map = stack.resource_map
    declared = copy.deepcopy(resource_map._resource_json_map[logical_id])
    resource_type = declared["Type"]
    fail_if_asked("CreateResource", stack, logical_id, resource_type)
    properties = properties_of(resource_map, logical_id)
    parsed = parse_resource_and_generate_name(logical_id, declared, resource_map)
    if not parsed:
        # Of the types that have nothing behind them: wait conditions.
        return Record(logical_id, resource_type, logical_id, None, properties, "Delete")
    model, cleaned, name = parsed
    if resource_type == "AWS::ECR::Repository":
        # moto makes up a name that its own ECR refuses.
        name = properties.get("RepositoryName") or str(name).lower()
    if resource_type == "AWS::SQS::Queue" and "QueueName" not in properties and is_true(properties.get("FifoQueue")):
        # moto makes up a name that its own SQS refuses.
        name = f"{str(name)[:75]}.fifo"
    cleaned["Properties"] = copy.deepcopy(properties)
    further = {"LogicalId": logical_id, "StackId": stack.stack_id, "ResourceType": resource_type}
    try:
        resource = model.create_from_cloudformation_json(
            str(name), cleaned, stack.account_id, stack.region_name, **further
        )
        if resource_type == "AWS::SNS::Topic":
            # Made without its tags and its display name.
            update_topic(resource, properties, stack.account_id, stack.region_name)
    except Exception as refused:
        raise ResourceFailure(message_of(refused)) from refused
    adopt(stack, logical_id, resource_type, resource)
    return Record(logical_id, resource_type, str(name), resource, properties, declared.get("DeletionPolicy", "Delete"))


def update(stack: Any, record: Record, properties: dict[str, Any]) -> None:
    """In place. Raises ResourceFailure."""
    fail_if_asked("UpdateResource", stack, record.logical_id, record.type)
    own = UPDATES.get(record.type)
    cleaned = {"Type": record.type, "Properties": copy.deepcopy(properties)}
    model = resource_class_from_type(record.type)
    try:
        if own is not None:
            own(record.resource, cleaned["Properties"], stack.account_id, stack.region_name)
            changed = record.resource
        else:
            changed = model.update_from_cloudformation_json(
                original_resource=record.resource,
                new_resource_name=record.name,
                cloudformation_json=cleaned,
                account_id=stack.account_id,
                region_name=stack.region_name,
            )
    except Exception as refused:
        raise ResourceFailure(message_of(refused)) from refused
    adopt(stack, record.logical_id, record.type, changed)
    record.resource, record.properties, record.updated = changed, properties, utcnow()


def delete(stack: Any, record: Record) -> None:
    """Raises ResourceFailure."""
    fail_if_asked("DeleteResource", stack, record.logical_id, record.type)
    if record.resource is None:
        return
    declared = {"Type": record.type, "Properties": copy.deepcopy(record.properties)}
    try:
        remove = getattr(record.resource, "delete", None)
        if callable(remove) and not isinstance(record.resource, dict):
            try:
                remove(stack.account_id, stack.region_name)
                return
            except TypeError:
                # A model whose `delete` is something else.
                pass
        parse_and_delete_resource(record.physical_id, declared, stack.account_id, stack.region_name)
    except Exception as refused:
        if is_gone(refused):
            return
        raise ResourceFailure(message_of(refused)) from refused


def must_be_replaced(record: Record, changed: set[str]) -> set[str]:
    """The changed properties that replace it; all of them where moto cannot change the type at all."""
    found = replaces(record.type, changed)
    if found or record.resource is None or record.type in UPDATES:
        return found
    model = resource_class_from_type(record.type)
    return changed if hasattr(model.update_from_cloudformation_json, "__isabstractmethod__") else set()


def adopt(stack: Any, logical_id: str, resource_type: str, resource: Any) -> None:
    """moto's own operations look for these two."""
    resource.cf_resource_type = resource_type
    resource.logical_resource_id = logical_id
    stack.resource_map._parsed_resources[logical_id] = resource


def fail_if_asked(operation: str, stack: Any, logical_id: str, resource_type: str) -> None:
    reason = take_failure(operation, logical_id, resource_type, stack=stack.name)
    if reason is not None:
        raise ResourceFailure(reason)


def is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def is_gone(refused: Exception) -> bool:
    """CloudFormation counts as removed what somebody has removed before."""
    code = str(getattr(refused, "code", "")) + str(getattr(refused, "error_type", "")) + type(refused).__name__
    return any(word in code for word in ("NotFound", "NonExistent", "NoSuch", "MissingBucket"))


def message_of(refused: Exception) -> str:
    """Errors of moto's older services carry their message elsewhere."""
    return str(getattr(refused, "message", None) or refused or type(refused).__name__)
