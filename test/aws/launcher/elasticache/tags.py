"""Tags: moto refuses the ARNs of user groups and parameter groups, and answers a change without the list that follows
it."""

import re
from typing import Any

from elasticache.errors import error
from elasticache.state import state_of

ARN = re.compile(r"^arn:[^:]+:elasticache:[^:]*:\d*:(?P<kind>[a-z]+):(?P<id>.+)$")

NOT_FOUND = {
    "cluster": "CacheClusterNotFound",
    "parametergroup": "CacheParameterGroupNotFound",
    "replicationgroup": "ReplicationGroupNotFoundFault",
    "snapshot": "SnapshotNotFoundFault",
    "subnetgroup": "CacheSubnetGroupNotFoundFault",
    "user": "UserNotFound",
    "usergroup": "UserGroupNotFound",
}


def accept_more_arns(backend_class: Any) -> None:
    """For those who ask moto's backend itself, such as the tagging API over all services."""
    backend_class.owns_arn = lambda self, arn: ARN.match(arn) is not None


def listed(backend: Any, parameters: Any) -> dict[str, Any]:
    arn = checked(backend, parameters.get("ResourceName"))
    return {"TagList": backend.tagging_service.list_tags_for_resource(arn)["Tags"]}


def add(backend: Any, parameters: Any) -> dict[str, Any]:
    arn = checked(backend, parameters.get("ResourceName"))
    backend.tagging_service.tag_resource(arn, parameters.get("Tags") or [])
    return listed(backend, parameters)


def remove(backend: Any, parameters: Any) -> dict[str, Any]:
    arn = checked(backend, parameters.get("ResourceName"))
    backend.tagging_service.untag_resource_using_names(arn, parameters.get("TagKeys") or [])
    return listed(backend, parameters)


def checked(backend: Any, arn: str | None) -> str:
    match = ARN.match(arn or "")
    kind = match["kind"] if match else ""
    if match is None or kind not in NOT_FOUND:
        raise error("InvalidARN", f"ARN {arn} is invalid.")
    if match["id"] not in resources(backend, kind):
        raise error(NOT_FOUND[kind], f"{match['id']} is either not present or not available.")
    return match[0]


def resources(backend: Any, kind: str) -> Any:
    state = state_of(backend)
    return {
        "cluster": {**backend.cache_clusters, **members(backend)},
        "parametergroup": state.parameter_groups,
        "replicationgroup": backend.replication_groups,
        "snapshot": backend.snapshots,
        "subnetgroup": backend.cache_subnet_groups,
        "user": backend.users,
        "usergroup": state.user_groups,
    }[kind]


def members(backend: Any) -> dict[str, Any]:
    return {member: group for group in backend.replication_groups.values() for member in group.member_clusters}


OPERATIONS = {
    "list_tags_for_resource": listed,
    "add_tags_to_resource": add,
    "remove_tags_from_resource": remove,
}
