"""More or fewer replicas and shards of a replication group, which moto lacks."""

from typing import Any

from elasticache.errors import combination_error, value_error
from elasticache.replication_groups import available_group, begin_modification


def increase(backend: Any, parameters: Any) -> dict[str, Any]:
    group, wanted = counts(backend, parameters)
    if any(new <= old for new, old in zip(wanted, group.topology.replicas, strict=True)):
        raise value_error("The new replica count must be greater than the current one.")
    return begin(backend, group, wanted)


def decrease(backend: Any, parameters: Any) -> dict[str, Any]:
    group, wanted = counts(backend, parameters)
    if any(new >= old for new, old in zip(wanted, group.topology.replicas, strict=True)):
        raise value_error("The new replica count must be less than the current one.")
    if min(wanted) < 1 and group.automatic_failover == "enabled":
        raise combination_error("Automatic failover needs at least one replica in each node group.")
    return begin(backend, group, wanted)


def reshard(backend: Any, parameters: Any) -> dict[str, Any]:
    group = available_group(backend, parameters.get("ReplicationGroupId"))
    count = int(parameters.get("NodeGroupCount"))
    old = group.topology.replicas
    if not group.topology.clustered:
        raise combination_error("The number of node groups can be changed with cluster mode enabled only.")
    if not 1 <= count <= 500:
        raise value_error("NodeGroupCount must be between 1 and 500.")
    removed = len(parameters.get("NodeGroupsToRemove") or []) or len(old) - len(
        parameters.get("NodeGroupsToRetain") or []
    )
    if count < len(old) and removed != len(old) - count:
        raise combination_error("To remove node groups, name those to remove or those to retain.")

    def apply() -> None:
        group.topology.replicas = (old + [old[0]] * count)[:count]
        group.topology.primaries = (group.topology.primaries + [0] * count)[:count]

    begin_modification(backend, group, apply)
    return {"ReplicationGroup": group}


def counts(backend: Any, parameters: Any) -> tuple[Any, list[int]]:
    group = available_group(backend, parameters.get("ReplicationGroupId"))
    wanted = list(group.topology.replicas)
    for each in parameters.get("ReplicaConfiguration") or []:
        wanted[int(each["NodeGroupId"]) - 1] = int(each["NewReplicaCount"])
    if parameters.get("NewReplicaCount") is not None:
        wanted = [int(parameters.get("NewReplicaCount"))] * len(wanted)
    if any(not 0 <= each <= 5 for each in wanted):
        raise value_error("The number of replicas per node group must be between 0 and 5.")
    return group, wanted


def begin(backend: Any, group: Any, wanted: list[int]) -> dict[str, Any]:
    def apply() -> None:
        group.topology.replicas = wanted
        group.topology.primaries = [0] * len(wanted)

    begin_modification(backend, group, apply)
    return {"ReplicationGroup": group}


OPERATIONS = {
    "increase_replica_count": increase,
    "decrease_replica_count": decrease,
    "modify_replication_group_shard_configuration": reshard,
}
