"""Replication groups. moto's own class holds them; added are the rules of the service, states that take time and may
fail, every field of ModifyReplicationGroup, and a deletion that ends."""

import re
from typing import Any

from moto.core.utils import utcnow
from moto.elasticache.exceptions import ReplicationGroupAlreadyExists
from moto.elasticache.models import ReplicationGroup

from elasticache import events, fields, parameter_groups, snapshots, subnet_groups, user_groups
from elasticache.engines import (
    allowed_node_types,
    check_node_type,
    family_of,
    full_version,
)
from elasticache.errors import combination_error, error, identifier, value_error
from elasticache.state import page, state_of
from elasticache.topology import Topology, lay_out
from endpoint_state import take_failure

AUTH_TOKEN = re.compile(r"^[A-Za-z0-9!&#$^<>-]{16,128}$")
RBAC_VERSION = (6, 0)

#: Beside what a cache cluster has, too.
TAKEN = (
    *fields.TAKEN,
    "PrimaryClusterId",
    "GlobalReplicationGroupId",
    "NodeGroupConfiguration",
    "AtRestEncryptionEnabled",
    "KmsKeyId",
    "DataTieringEnabled",
    "ServerlessCacheSnapshotName",
    "MultiAZEnabled",
    "AutomaticFailoverEnabled",
)
MODIFIABLE = (
    *fields.MODIFIABLE,
    "SnapshottingClusterId",
    "CacheSecurityGroupNames",
    "TransitEncryptionEnabled",
    "TransitEncryptionMode",
)


def create(backend: Any, parameters: Any) -> dict[str, Any]:
    group_id = identifier("ReplicationGroupId", parameters.get("ReplicationGroupId"), 40)
    if group_id in backend.replication_groups:
        raise ReplicationGroupAlreadyExists(group_id)
    engine, version = engine_of(parameters)
    topology = topology_of(backend, parameters, engine, version)
    check_dependencies(backend, parameters)
    check_access(backend, parameters, engine, version)
    subnet_group = parameters.get("CacheSubnetGroupName")
    parameter_group = parameters.get("CacheParameterGroupName")
    tls = parameters.get("TransitEncryptionEnabled")
    group = backend.create_replication_group(
        replication_group_id=group_id,
        replication_group_description=parameters.get("ReplicationGroupDescription"),
        num_cache_clusters=None,
        num_node_groups=len(topology.replicas),
        replicas_per_node_group=topology.replicas[0],
        preferred_cache_cluster_azs=parameters.get("PreferredCacheClusterAZs") or [],
        cache_node_type=check_node_type(parameters.get("CacheNodeType")),
        engine=engine,
        engine_version=version,
        cache_parameter_group_name=(parameter_group or default_parameter_group(engine, version, topology)).lower(),
        cache_subnet_group_name=subnet_group.lower() if subnet_group else None,
        port=int(parameters.get("Port") or 6379),
        auto_minor_version_upgrade=parameters.get("AutoMinorVersionUpgrade", True),
        user_group_ids=[each.lower() for each in parameters.get("UserGroupIds") or []],
        transit_encryption_mode=(parameters.get("TransitEncryptionMode") or "required") if tls else None,
        cluster_mode="enabled" if topology.clustered else "disabled",
        **fields.taken(parameters, TAKEN),
    )
    group.topology = topology
    group.zones = parameters.get("PreferredCacheClusterAZs") or []
    group.auth_tokens = [parameters.get("AuthToken")] if parameters.get("AuthToken") else []
    attach(backend, group, group.user_group_ids)
    begin_creation(backend, group)
    return {"ReplicationGroup": group}


def begin_creation(backend: Any, group: ReplicationGroup) -> None:
    failure = take_failure("CreateReplicationGroup", group.replication_group_id)

    def finish() -> None:
        set_status(backend, group, "create-failed" if failure else "available", created=not failure)
        record(backend, group, failure or f"Replication group {group.replication_group_id} created")

    set_status(backend, group, "creating", created=False)
    state_of(backend).changes.begin(group.arn, "creating", finish)


def modify(backend: Any, parameters: Any) -> dict[str, Any]:
    group = available_group(backend, parameters.get("ReplicationGroupId"))
    check_modification(backend, group, parameters)
    engine = changed_engine(group, parameters)
    to_add, to_remove = user_group_changes(group, parameters)
    group.pending_modified_values = pending(parameters, to_add, to_remove)

    def apply() -> None:
        fields.change(group, parameters, MODIFIABLE)
        if parameters.get("ReplicationGroupDescription") is not None:
            group.description = parameters.get("ReplicationGroupDescription")
        for theirs, ours in (("AutomaticFailoverEnabled", "automatic_failover"), ("MultiAZEnabled", "multi_az")):
            if parameters.get(theirs) is not None:
                setattr(group, ours, "enabled" if parameters.get(theirs) else "disabled")
        group.engine, group.engine_version = engine
        modify_token(group, parameters)
        detach(backend, group, to_remove)
        attach(backend, group, to_add)
        group.user_group_ids = [each for each in group.user_group_ids if each not in to_remove] + to_add

    begin_modification(backend, group, apply)
    return {"ReplicationGroup": group}


def pending(parameters: Any, to_add: list[str], to_remove: list[str]) -> dict[str, Any] | None:
    told: dict[str, Any] = {}
    if to_add or to_remove:
        told["UserGroups"] = {"UserGroupIdsToAdd": to_add, "UserGroupIdsToRemove": to_remove}
    if parameters.get("AutomaticFailoverEnabled") is not None:
        told["AutomaticFailoverStatus"] = "enabled" if parameters.get("AutomaticFailoverEnabled") else "disabled"
    if parameters.get("AuthTokenUpdateStrategy") in ("SET", "ROTATE"):
        told["AuthTokenStatus"] = "SETTING" if parameters.get("AuthTokenUpdateStrategy") == "SET" else "ROTATING"
    return told or None


def begin_modification(backend: Any, group: ReplicationGroup, apply: Any) -> None:
    """`apply` runs when the time is over, unless a test asked for a failure: then all stays as it was."""
    failure = take_failure("ModifyReplicationGroup", group.replication_group_id)

    def finish() -> None:
        group.pending_modified_values = None
        if failure is None:
            apply()
        set_status(backend, group, "available", created=True)
        record(backend, group, failure or f"Replication group {group.replication_group_id} modified")

    set_status(backend, group, "modifying", created=True)
    state_of(backend).changes.begin(group.arn, "modifying", finish)


def delete(backend: Any, parameters: Any) -> dict[str, Any]:
    group = group_named(backend, parameters.get("ReplicationGroupId"))
    if group.status not in ("available", "create-failed"):
        raise error(
            "InvalidReplicationGroupState",
            f"Replication group {group.replication_group_id} has status {group.status} which is not valid for deletion.",
        )
    if parameters.get("FinalSnapshotIdentifier"):
        final = {
            "SnapshotName": parameters.get("FinalSnapshotIdentifier"),
            "ReplicationGroupId": group.replication_group_id,
        }
        snapshots.create(backend, final)
    set_status(backend, group, "deleting", created=True)

    def finish() -> None:
        detach(backend, group, group.user_group_ids)
        backend.tagging_service.delete_all_tags_for_resource(group.arn)
        backend.replication_groups.pop(group.replication_group_id, None)
        record(backend, group, f"Replication group {group.replication_group_id} deleted")

    state_of(backend).changes.begin(group.arn, "deleting", finish)
    return {"ReplicationGroup": group}


def describe(backend: Any, parameters: Any) -> dict[str, Any]:
    given = parameters.get("ReplicationGroupId")
    found = [group_named(backend, given)] if given else list(backend.replication_groups.values())
    return page(parameters, "ReplicationGroups", found)


def list_node_types(backend: Any, parameters: Any) -> dict[str, Any]:
    if parameters.get("CacheClusterId"):
        cluster = backend.describe_cache_clusters(parameters.get("CacheClusterId").lower())[0]
        return allowed_node_types(cluster.cache_node_type)
    return allowed_node_types(group_named(backend, parameters.get("ReplicationGroupId")).cache_node_type)


def test_failover(backend: Any, parameters: Any) -> dict[str, Any]:
    """The next member of the shard becomes its primary."""
    group = available_group(backend, parameters.get("ReplicationGroupId"))
    shard = int(parameters.get("NodeGroupId") or 0) - 1
    if not 0 <= shard < len(group.topology.replicas):
        raise error("NodeGroupNotFoundFault", f"Node group {parameters.get('NodeGroupId')} not found.")
    if group.automatic_failover != "enabled":
        raise combination_error("Test failover needs automatic failover to be enabled.")

    def apply() -> None:
        group.topology.primaries[shard] = (group.topology.primaries[shard] + 1) % (1 + group.topology.replicas[shard])

    begin_modification(backend, group, apply)
    return {"ReplicationGroup": group}


# Rules


def engine_of(parameters: Any) -> tuple[str, str]:
    engine = (parameters.get("Engine") or "redis").lower()
    if engine not in ("redis", "valkey"):
        raise value_error(f"Invalid engine: {parameters.get('Engine')}. Replication groups have redis or valkey.")
    return engine, full_version(engine, parameters.get("EngineVersion"))


def topology_of(backend: Any, parameters: Any, engine: str, version: str) -> Topology:
    clustered = parameters.get("ClusterMode") in ("enabled", "compatible")
    if parameters.get("CacheParameterGroupName"):
        group = parameter_groups.group_named(backend, parameters.get("CacheParameterGroupName"))
        if group.family != family_of(engine, version):
            raise combination_error(
                f"Expected a parameter group of family {family_of(engine, version)} but found one of family {group.family}."
            )
        clustered = clustered or parameter_groups.is_clustered(group)
    configuration = parameters.get("NodeGroupConfiguration") or []
    shards = int(parameters.get("NumNodeGroups") or len(configuration) or 1)
    if shards > 1 and not clustered:
        raise combination_error(
            "Use of more than one node group requires cluster mode, by ClusterMode or by a parameter group."
        )
    if parameters.get("NumCacheClusters") and parameters.get("ReplicasPerNodeGroup") is not None:
        raise combination_error("Only one of NumCacheClusters and ReplicasPerNodeGroup can be provided.")
    replicas = int(parameters.get("ReplicasPerNodeGroup") or int(parameters.get("NumCacheClusters") or 1) - 1)
    each = [
        int(configuration[i].get("ReplicaCount", replicas)) if i < len(configuration) else replicas
        for i in range(shards)
    ]
    check_replicas(each, clustered, parameters)
    return Topology(clustered, each, [0] * shards)


def check_replicas(each: list[int], clustered: bool, parameters: Any) -> None:
    if any(not 0 <= replicas <= 5 for replicas in each):
        raise value_error("The number of replicas per node group must be between 0 and 5.")
    failover = parameters.get("AutomaticFailoverEnabled")
    if failover and not clustered and min(each) < 1:
        raise combination_error("Automatic failover is not supported for replication groups without a replica.")
    if clustered and failover is False:
        raise combination_error("Redis with cluster mode enabled cannot be created with auto failover turned off.")
    if parameters.get("MultiAZEnabled") and (not failover or min(each) < 1):
        raise combination_error(
            "Must have automatic failover and a replica in every node group when setting Multi-AZ enabled."
        )


def check_dependencies(backend: Any, parameters: Any) -> None:
    if parameters.get("CacheSubnetGroupName"):
        subnet_groups.group_named(backend, parameters.get("CacheSubnetGroupName"))
    if parameters.get("SnapshotName"):
        snapshots.snapshot_named(backend, parameters.get("SnapshotName"))
    port = int(parameters.get("Port") or 6379)
    if not 1 <= port <= 65535:
        raise value_error(f"Invalid port {port}: it must be between 1 and 65535.")


def check_access(backend: Any, parameters: Any, engine: str, version: str) -> None:
    tls, token = parameters.get("TransitEncryptionEnabled"), parameters.get("AuthToken")
    groups = parameters.get("UserGroupIds") or []
    if token is not None:
        check_token(token, tls)
    if token and groups:
        raise combination_error("Only one of AuthToken and UserGroupIds can be provided.")
    if groups and not tls:
        raise combination_error(
            "User group based access control requires encryption-in-transit to be enabled on the replication group."
        )
    check_user_groups(backend, groups, engine, version)


def check_user_groups(backend: Any, ids: list[str], engine: str, version: str) -> None:
    if len(ids) > 1:
        raise combination_error("Only one user group can be associated with a replication group.")
    for group_id in ids:
        group = user_groups.active_group(backend, group_id)
        if engine == "redis" and group.engine != "redis":
            raise combination_error(
                f"User group {group.id} of engine {group.engine} cannot be associated with a redis replication group."
            )
        if tuple(int(part) for part in version.split(".")[:2]) < RBAC_VERSION:
            raise combination_error(f"User groups require an engine version of 6.0 or later, not {version}.")


def check_token(token: str, tls: bool | None) -> None:
    if not tls:
        raise combination_error("AuthToken requires TransitEncryptionEnabled.")
    if not AUTH_TOKEN.match(token):
        raise value_error(
            "Invalid AuthToken provided: 16 to 128 printable characters, of which only !&#$^<>- are special."
        )


def check_modification(backend: Any, group: ReplicationGroup, parameters: Any) -> None:
    if parameters.get("CacheNodeType"):
        check_node_type(parameters.get("CacheNodeType"))
    if parameters.get("CacheParameterGroupName"):
        parameter_groups.group_named(backend, parameters.get("CacheParameterGroupName"))
    if parameters.get("AutomaticFailoverEnabled") and min(group.topology.replicas) < 1:
        raise combination_error("Automatic failover is not supported for replication groups without a replica.")
    if (
        parameters.get("MultiAZEnabled")
        and group.automatic_failover != "enabled"
        and not parameters.get("AutomaticFailoverEnabled")
    ):
        raise combination_error("Must have automatic failover when setting Multi-AZ enabled.")
    to_add, to_remove = user_group_changes(group, parameters)
    # TLS and the user group in one modification are refused as well: the group is attached to what is there.
    if to_add and not group.transit_encryption_enabled:
        raise combination_error(
            "User group based access control requires encryption-in-transit to be enabled on the replication group."
        )
    check_user_groups(
        backend,
        [each for each in group.user_group_ids if each not in to_remove] + to_add,
        group.engine,
        group.engine_version,
    )
    token, strategy = parameters.get("AuthToken"), parameters.get("AuthTokenUpdateStrategy")
    if token is not None:
        check_token(token, group.transit_encryption_enabled)
        if strategy is None:
            raise combination_error("AuthToken needs an AuthTokenUpdateStrategy: SET or ROTATE.")
    elif strategy in ("SET", "ROTATE"):
        raise combination_error("AuthTokenUpdateStrategy SET and ROTATE need an AuthToken.")


def user_group_changes(group: ReplicationGroup, parameters: Any) -> tuple[list[str], list[str]]:
    to_remove = [each.lower() for each in parameters.get("UserGroupIdsToRemove") or []]
    if parameters.get("RemoveUserGroups"):
        to_remove = list(group.user_group_ids)
    return [each.lower() for each in parameters.get("UserGroupIdsToAdd") or []], to_remove


def changed_engine(group: ReplicationGroup, parameters: Any) -> tuple[str, str]:
    if not parameters.get("Engine") and not parameters.get("EngineVersion"):
        return group.engine, group.engine_version
    engine = (parameters.get("Engine") or group.engine).lower()
    version = full_version(engine, parameters.get("EngineVersion"))
    if engine == group.engine and version < group.engine_version:
        raise combination_error(f"Cannot downgrade {engine} from {group.engine_version} to {version}.")
    return engine, version


def modify_token(group: ReplicationGroup, parameters: Any) -> None:
    """ROTATE keeps the old token beside the new one; SET keeps the new one alone; DELETE none."""
    token = parameters.get("AuthToken")
    match parameters.get("AuthTokenUpdateStrategy"):
        case "ROTATE":
            group.auth_tokens = [*group.auth_tokens[-1:], token]
        case "SET":
            group.auth_tokens = [token]
        case "DELETE":
            group.auth_tokens = []
        case _:
            return
    group.auth_token_enabled = bool(group.auth_tokens)
    group.auth_token_last_modified_date = utcnow()


def default_parameter_group(engine: str, version: str, topology: Topology) -> str:
    return f"default.{family_of(engine, version)}{'.cluster.on' if topology.clustered else ''}"


# State


def set_status(backend: Any, group: ReplicationGroup, status: str, created: bool) -> None:
    group.status = status
    lay_out(group, backend, created)


def attach(backend: Any, group: ReplicationGroup, ids: list[str]) -> None:
    for each in ids:
        user_groups.group_named(backend, each).replication_groups.append(group.replication_group_id)


def detach(backend: Any, group: ReplicationGroup, ids: list[str]) -> None:
    for each in ids:
        holders = user_groups.group_named(backend, each).replication_groups
        if group.replication_group_id in holders:
            holders.remove(group.replication_group_id)


def record(backend: Any, group: ReplicationGroup, message: str) -> None:
    events.record(backend, "replication-group", group.replication_group_id, message)


def group_named(backend: Any, given: str | None) -> ReplicationGroup:
    group = backend.replication_groups.get((given or "").lower())
    if group is None:
        raise error("ReplicationGroupNotFoundFault", f"ReplicationGroup {given} not found.")
    return group


def available_group(backend: Any, given: str | None) -> ReplicationGroup:
    group = group_named(backend, given)
    if group.status != "available":
        raise error(
            "InvalidReplicationGroupState",
            f"Replication group {group.replication_group_id} is not in available state, but {group.status}.",
        )
    return group


OPERATIONS = {
    "create_replication_group": create,
    "modify_replication_group": modify,
    "delete_replication_group": delete,
    "describe_replication_groups": describe,
    "list_allowed_node_type_modifications": list_node_types,
    "test_failover": test_failover,
}
