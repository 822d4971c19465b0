"""Snapshots. moto creates, lists and deletes them at once; added are states that take time, CopySnapshot, and their
nodes."""

import copy
from typing import Any

from moto.elasticache.exceptions import SnapshotAlreadyExists
from moto.elasticache.models import Snapshot

from elasticache import events
from elasticache.errors import error, identifier
from elasticache.state import page, state_of
from endpoint_state import take_failure


def create(backend: Any, parameters: Any) -> dict[str, Any]:
    name = identifier("SnapshotName", parameters.get("SnapshotName"), 255)
    group_id, cluster_id = (lower(parameters.get(key)) for key in ("ReplicationGroupId", "CacheClusterId"))
    for holder, status in (
        (backend.replication_groups.get(group_id), "status"),
        (backend.cache_clusters.get(cluster_id), "cache_cluster_status"),
    ):
        if holder is not None and getattr(holder, status) != "available":
            code = "InvalidReplicationGroupState" if status == "status" else "InvalidCacheClusterState"
            raise error(code, f"{group_id or cluster_id} is not in available state.")
    snapshot = backend.create_snapshot(name, group_id, cluster_id, parameters.get("KmsKeyId"), parameters.get("Tags"))
    group = backend.replication_groups.get(group_id)
    snapshot.node_snapshots = nodes(group)
    if group is not None:
        group.status = "snapshotting"
    begin_creation(backend, snapshot, group)
    return {"Snapshot": snapshot}


def begin_creation(backend: Any, snapshot: Snapshot, group: Any) -> None:
    failure = take_failure("CreateSnapshot", snapshot.snapshot_name)

    def finish() -> None:
        snapshot.snapshot_status = "failed" if failure else "available"
        source = snapshot.replication_group_id or snapshot.cache_cluster_id
        if group is not None and group.status == "snapshotting":
            group.status = "available"
        kind = "replication-group" if snapshot.replication_group_id else "cache-cluster"
        events.record(
            backend, kind, source, failure or f"Snapshot succeeded for snapshot with ID '{snapshot.snapshot_name}'"
        )

    snapshot.snapshot_status = "creating"
    state_of(backend).changes.begin(snapshot.arn, "snapshotting", finish)


def copied(backend: Any, parameters: Any) -> dict[str, Any]:
    source = snapshot_named(backend, parameters.get("SourceSnapshotName"))
    name = identifier("TargetSnapshotName", parameters.get("TargetSnapshotName"), 255)
    if name in backend.snapshots:
        raise SnapshotAlreadyExists(name)
    if source.snapshot_status != "available":
        raise error("InvalidSnapshotState", f"Snapshot {source.snapshot_name} is not in available state.")
    snapshot = copy.copy(source)
    snapshot.snapshot_name = name
    snapshot.arn = source.arn.replace(f":snapshot:{source.snapshot_name}", f":snapshot:{name}")
    snapshot.snapshot_source = "manual"
    snapshot.kms_key_id = parameters.get("KmsKeyId") or source.kms_key_id
    backend.snapshots[name] = snapshot
    if parameters.get("Tags"):
        backend.tagging_service.tag_resource(snapshot.arn, parameters.get("Tags"))
    begin_creation(backend, snapshot, None)
    return {"Snapshot": snapshot}


def delete(backend: Any, parameters: Any) -> dict[str, Any]:
    snapshot = snapshot_named(backend, parameters.get("SnapshotName"))
    if snapshot.snapshot_status in ("creating", "deleting"):
        raise error("InvalidSnapshotState", f"Snapshot {snapshot.snapshot_name} has status {snapshot.snapshot_status}.")
    snapshot.snapshot_status = "deleting"

    def finish() -> None:
        backend.tagging_service.delete_all_tags_for_resource(snapshot.arn)
        backend.snapshots.pop(snapshot.snapshot_name, None)

    state_of(backend).changes.begin(snapshot.arn, "deleting", finish)
    return {"Snapshot": snapshot}


def describe(backend: Any, parameters: Any) -> dict[str, Any]:
    found = backend.describe_snapshots(
        replication_group_id=lower(parameters.get("ReplicationGroupId")),
        cache_cluster_id=lower(parameters.get("CacheClusterId")),
        snapshot_name=lower(parameters.get("SnapshotName")),
        snapshot_source=parameters.get("SnapshotSource"),
    )
    return page(parameters, "Snapshots", found)


def nodes(group: Any) -> list[dict[str, Any]]:
    if group is None:
        return [{"CacheNodeId": "0001", "CacheSize": "5 MB"}]
    return [
        {
            "CacheClusterId": shard["node_group_members"][0]["cache_cluster_id"],
            "NodeGroupId": shard["node_group_id"],
            "CacheNodeId": "0001",
            "CacheSize": "5 MB",
            "CacheNodeCreateTime": group.replication_group_create_time,
        }
        for shard in group.node_groups
    ]


def snapshot_named(backend: Any, given: str | None) -> Snapshot:
    snapshot = backend.snapshots.get(lower(given))
    if snapshot is None:
        raise error("SnapshotNotFoundFault", f"Snapshot {given} not found.")
    return snapshot


def lower(given: str | None) -> str | None:
    return given.lower() if given else None


OPERATIONS = {
    "create_snapshot": create,
    "copy_snapshot": copied,
    "delete_snapshot": delete,
    "describe_snapshots": describe,
}
