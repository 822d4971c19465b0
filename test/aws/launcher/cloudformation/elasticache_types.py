"""AWS::ElastiCache::*, which moto has not: the operations of ../elasticache, called with a template's properties."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.elasticache.models import elasticache_backends

from elasticache import (
    cache_clusters,
    parameter_groups,
    replication_groups,
    subnet_groups,
    user_groups,
    users,
)
from elasticache.state import state_of

#: Properties that are truths; a parameter of a template gives them as text.
TRUTHS = {
    "AtRestEncryptionEnabled",
    "AutoMinorVersionUpgrade",
    "AutomaticFailoverEnabled",
    "MultiAZEnabled",
    "NoPasswordRequired",
    "TransitEncryptionEnabled",
}


@dataclass
class Type:
    """A type of templates: what it is called in the API, and which operations carry it."""

    name: str
    #: The property that names it, and that parameter of the API.
    name_property: str
    id_parameter: str
    create: Callable[[Any, Any], Any]
    modify: Callable[[Any, Any], Any]
    delete: Callable[[Any, Any], Any]
    #: The moto object or ours, by id.
    found: Callable[[Any, str], Any]
    attributes: dict[str, Callable[[Any, Any], Any]]
    renamed: dict[str, str] = field(default_factory=dict)


def parameters_of(kind: Type, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    given = {kind.renamed.get(key, key): truth(key, value) for key, value in properties.items()}
    given.pop("Properties", None)
    return {**given, kind.id_parameter: name}


def truth(key: str, value: Any) -> Any:
    return str(value).lower() == "true" if key in TRUTHS else value


def cluster_endpoint(backend: Any, cluster: Any) -> dict[str, Any]:
    told = cache_clusters.shape(backend, cluster, with_nodes=True)
    return told.get("ConfigurationEndpoint") or told["CacheNodes"][0]["Endpoint"]


def shard_endpoint(key: str, part: str) -> Callable[[Any, Any], Any]:
    return lambda _, group: group.node_groups[0][key][part]


def modify_parameters(backend: Any, parameters: Any) -> Any:
    return parameter_groups.group_named(backend, parameters["CacheParameterGroupName"])


def modify_user_group(backend: Any, parameters: Any) -> Any:
    group = user_groups.group_named(backend, parameters["UserGroupId"])
    wanted = [each.lower() for each in parameters.get("UserIds") or []]
    changes = {
        "UserGroupId": group.id,
        "UserIdsToAdd": [each for each in wanted if each not in group.user_ids],
        "UserIdsToRemove": [each for each in group.user_ids if each not in wanted],
    }
    return user_groups.modify(backend, changes)


def modify_replication_group(backend: Any, parameters: Any) -> Any:
    group = replication_groups.group_named(backend, parameters["ReplicationGroupId"])
    wanted = [each.lower() for each in parameters.get("UserGroupIds") or []]
    changes = {
        **parameters,
        "UserGroupIdsToAdd": [each for each in wanted if each not in group.user_group_ids],
        "UserGroupIdsToRemove": [each for each in group.user_group_ids if each not in wanted],
    }
    return replication_groups.modify(backend, changes)


TYPES = (
    Type(
        "CacheCluster",
        "ClusterName",
        "CacheClusterId",
        cache_clusters.create,
        cache_clusters.modify,
        cache_clusters.delete,
        cache_clusters.cluster_named,
        {
            "RedisEndpoint.Address": lambda backend, cluster: cluster_endpoint(backend, cluster)["Address"],
            "RedisEndpoint.Port": lambda backend, cluster: str(cluster_endpoint(backend, cluster)["Port"]),
            "ConfigurationEndpoint.Address": lambda backend, cluster: cluster_endpoint(backend, cluster)["Address"],
            "ConfigurationEndpoint.Port": lambda backend, cluster: str(cluster_endpoint(backend, cluster)["Port"]),
        },
        {"VpcSecurityGroupIds": "SecurityGroupIds"},
    ),
    Type(
        "ReplicationGroup",
        "ReplicationGroupId",
        "ReplicationGroupId",
        replication_groups.create,
        modify_replication_group,
        replication_groups.delete,
        replication_groups.group_named,
        {
            "PrimaryEndPoint.Address": shard_endpoint("primary_endpoint", "address"),
            "PrimaryEndPoint.Port": lambda _, group: str(group.port),
            "ReaderEndPoint.Address": shard_endpoint("reader_endpoint", "address"),
            "ReaderEndPoint.Port": lambda _, group: str(group.port),
            "ConfigurationEndPoint.Address": lambda _, group: group.configuration_endpoint["address"],
            "ConfigurationEndPoint.Port": lambda _, group: str(group.port),
        },
    ),
    Type(
        "SubnetGroup",
        "CacheSubnetGroupName",
        "CacheSubnetGroupName",
        subnet_groups.create,
        subnet_groups.modify,
        subnet_groups.delete,
        subnet_groups.group_named,
        {},
        {"Description": "CacheSubnetGroupDescription"},
    ),
    Type(
        "ParameterGroup",
        "CacheParameterGroupName",
        "CacheParameterGroupName",
        parameter_groups.create,
        modify_parameters,
        parameter_groups.delete,
        parameter_groups.group_named,
        {},
    ),
    Type(
        "User",
        "UserId",
        "UserId",
        users.create,
        users.modify,
        users.delete,
        users.user_named,
        {"Arn": lambda _, user: user.arn, "Status": lambda _, user: user.status},
    ),
    Type(
        "UserGroup",
        "UserGroupId",
        "UserGroupId",
        user_groups.create,
        modify_user_group,
        user_groups.delete,
        user_groups.group_named,
        {"Arn": lambda _, group: group.arn, "Status": lambda _, group: group.status},
    ),
)


def install() -> None:
    """A model for each; moto finds models as the subclasses of its base."""
    for kind in TYPES:
        MODELS.append(model_of(kind))


#: Kept, or the classes would be collected and moto would not find them.
MODELS: list[type] = []


def model_of(kind: Type) -> type:
    class Model(CloudFormationModel):
        def __init__(self, name: str, account_id: str, region_name: str):
            self.physical_resource_id = name
            self.backend = elasticache_backends[account_id][region_name]

        @staticmethod
        def cloudformation_name_type() -> str:
            return kind.name_property

        @staticmethod
        def cloudformation_type() -> str:
            return f"AWS::ElastiCache::{kind.name}"

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return attr in kind.attributes

        def get_cfn_attribute(self, attribute_name: str) -> Any:
            if attribute_name not in kind.attributes:
                raise ValueError(
                    f"Resource type AWS::ElastiCache::{kind.name} does not support attribute {{{attribute_name}}}"
                )
            return kind.attributes[attribute_name](self.backend, kind.found(self.backend, self.physical_resource_id))

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
        ) -> Any:
            backend = elasticache_backends[account_id][region_name]
            properties = cloudformation_json["Properties"]
            name = resource_name.lower() if kind.name_property in properties else fitting(kind, resource_name)
            kind.create(backend, parameters_of(kind, name, properties))
            set_parameters(kind, backend, name, properties)
            wait_for(kind, backend, name)
            return cls(name, account_id, region_name)

        @classmethod
        def update_from_cloudformation_json(
            cls,
            original_resource: Any,
            new_resource_name: str,
            cloudformation_json: Any,
            account_id: str,
            region_name: str,
        ) -> Any:
            name, backend = original_resource.physical_resource_id, original_resource.backend
            kind.modify(backend, parameters_of(kind, name, cloudformation_json["Properties"]))
            set_parameters(kind, backend, name, cloudformation_json["Properties"])
            backend.tagging_service.tag_resource(
                kind.found(backend, name).arn, cloudformation_json["Properties"].get("Tags")
            )
            wait_for(kind, backend, name)
            return original_resource

        @classmethod
        def delete_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
        ) -> None:
            backend = elasticache_backends[account_id][region_name]
            there = kind.found(backend, resource_name)
            kind.delete(backend, {kind.id_parameter: resource_name})
            finish(backend, there)

    return Model


def fitting(kind: Type, generated: str) -> str:
    """The ids of ElastiCache are shorter than the names that CloudFormation makes up elsewhere."""
    stack, logical, unique = generated.lower().rsplit("-", 2)
    return f"{stack[:14]}-{logical[:12]}-{unique[:12]}".replace("--", "-")


def set_parameters(kind: Type, backend: Any, name: str, properties: dict[str, Any]) -> None:
    if kind.name != "ParameterGroup":
        return
    values = [
        {"ParameterName": key, "ParameterValue": str(value)} for key, value in properties.get("Properties", {}).items()
    ]
    parameter_groups.group_named(backend, name).values.clear()
    parameter_groups.modify(backend, {"CacheParameterGroupName": name, "ParameterNameValues": values})


def wait_for(kind: Type, backend: Any, name: str) -> None:
    """A stack waits for its resources; the time of the stack is the time of all of them."""
    there = kind.found(backend, name)
    finish(backend, there)
    status = getattr(there, "status", None) or getattr(there, "cache_cluster_status", None)
    if status in ("create-failed", "incompatible-network"):
        reason = next(
            (each["Message"] for each in reversed(state_of(backend).events) if each["SourceIdentifier"] == name), status
        )
        raise ValueError(reason)


def finish(backend: Any, there: Any) -> None:
    change = state_of(backend).changes.under_way.pop(getattr(there, "arn", ""), None)
    if change is not None:
        change.finish()
