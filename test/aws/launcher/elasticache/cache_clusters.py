"""Cache clusters: those that were created, and those that are the nodes of a replication group, which moto does not
show."""

from typing import Any

from moto.elasticache.models import CacheCluster

from elasticache import events, fields, parameter_groups, snapshots, subnet_groups
from elasticache.engines import check_node_type, family_of, full_version
from elasticache.errors import combination_error, error, identifier, value_error
from elasticache.replication_groups import default_parameter_group
from elasticache.state import page, state_of
from elasticache.topology import Topology, short_region, unique_part
from endpoint_state import take_failure

#: Beside what a replication group has, too.
TAKEN = (
    *fields.TAKEN,
    "AZMode",
    "PreferredAvailabilityZone",
    "PreferredAvailabilityZones",
    "OutpostMode",
    "PreferredOutpostArn",
    "PreferredOutpostArns",
)


def create(backend: Any, parameters: Any) -> dict[str, Any]:
    cluster_id = identifier("CacheClusterId", parameters.get("CacheClusterId"), 50)
    if parameters.get("ReplicationGroupId"):
        raise combination_error("This endpoint adds members by IncreaseReplicaCount only.")
    engine = (parameters.get("Engine") or "redis").lower()
    if engine not in ("redis", "valkey", "memcached"):
        raise value_error(f"Invalid engine: {parameters.get('Engine')}.")
    version = full_version(engine, parameters.get("EngineVersion"))
    nodes = node_count(engine, parameters)
    check_dependencies(backend, parameters, engine, version)
    subnet_group = parameters.get("CacheSubnetGroupName")
    default = default_parameter_group(engine, version, Topology(False, [0], [0]))
    cluster = backend.create_cache_cluster(
        cache_cluster_id=cluster_id,
        replication_group_id=None,
        num_cache_nodes=nodes,
        cache_node_type=check_node_type(parameters.get("CacheNodeType")),
        engine=engine,
        engine_version=version,
        cache_parameter_group_name=(parameters.get("CacheParameterGroupName") or default).lower(),
        cache_subnet_group_name=subnet_group.lower() if subnet_group else None,
        port=int(parameters.get("Port") or (11211 if engine == "memcached" else 6379)),
        auto_minor_version_upgrade=parameters.get("AutoMinorVersionUpgrade", True),
        cache_node_ids_to_remove=[],
        cache_node_ids_to_reboot=[],
        **fields.taken(parameters, TAKEN),
    )
    # moto leaves them out for valkey and for what it does not know.
    cluster.num_cache_nodes = nodes
    cluster.replication_group_id = None
    begin_creation(backend, cluster)
    return {"CacheCluster": shape(backend, cluster, with_nodes=False)}


def begin_creation(backend: Any, cluster: CacheCluster) -> None:
    failure = take_failure("CreateCacheCluster", cluster.cache_cluster_id)

    def finish() -> None:
        # The service has no failed state for a cluster that was not restored, but this.
        cluster.cache_cluster_status = "incompatible-network" if failure else "available"
        record(backend, cluster, failure or "Cache cluster created")

    cluster.cache_cluster_status = "creating"
    state_of(backend).changes.begin(cluster.arn, "creating", finish)


def modify(backend: Any, parameters: Any) -> dict[str, Any]:
    cluster = available_cluster(backend, parameters.get("CacheClusterId"))
    if parameters.get("CacheNodeType"):
        check_node_type(parameters.get("CacheNodeType"))
    nodes = int(parameters.get("NumCacheNodes") or cluster.num_cache_nodes)
    if nodes != cluster.num_cache_nodes:
        node_count(cluster.engine, {"NumCacheNodes": nodes})
    if (
        nodes < cluster.num_cache_nodes
        and len(parameters.get("CacheNodeIdsToRemove") or []) != cluster.num_cache_nodes - nodes
    ):
        raise combination_error("CacheNodeIdsToRemove must name each node that is to be removed.")
    fields.change(cluster, parameters, fields.MODIFIABLE)
    if parameters.get("EngineVersion"):
        cluster.engine_version = full_version(cluster.engine, parameters.get("EngineVersion"))

    def finish() -> None:
        cluster.num_cache_nodes = nodes
        cluster.cache_cluster_status = "available"
        record(backend, cluster, "Cache cluster modified")

    cluster.cache_cluster_status = "modifying"
    state_of(backend).changes.begin(cluster.arn, "modifying", finish)
    return {"CacheCluster": shape(backend, cluster, with_nodes=False)}


def reboot(backend: Any, parameters: Any) -> dict[str, Any]:
    cluster = available_cluster(backend, parameters.get("CacheClusterId"))

    def finish() -> None:
        cluster.cache_cluster_status = "available"
        record(backend, cluster, "Cache node restarted")

    cluster.cache_cluster_status = "rebooting cluster nodes"
    state_of(backend).changes.begin(cluster.arn, "modifying", finish)
    return {"CacheCluster": shape(backend, cluster, with_nodes=False)}


def delete(backend: Any, parameters: Any) -> dict[str, Any]:
    cluster = cluster_named(backend, parameters.get("CacheClusterId"))
    if cluster.cache_cluster_status in ("creating", "deleting", "modifying"):
        raise error(
            "InvalidCacheClusterState",
            f"Cache cluster {cluster.cache_cluster_id} has status {cluster.cache_cluster_status} which is not valid for deletion.",
        )
    if parameters.get("FinalSnapshotIdentifier"):
        final = {"SnapshotName": parameters.get("FinalSnapshotIdentifier"), "CacheClusterId": cluster.cache_cluster_id}
        snapshots.create(backend, final)

    def finish() -> None:
        backend.tagging_service.delete_all_tags_for_resource(cluster.arn)
        backend.cache_clusters.pop(cluster.cache_cluster_id, None)
        record(backend, cluster, "Cache cluster deleted")

    cluster.cache_cluster_status = "deleting"
    state_of(backend).changes.begin(cluster.arn, "deleting", finish)
    return {"CacheCluster": shape(backend, cluster, with_nodes=False)}


def describe(backend: Any, parameters: Any) -> dict[str, Any]:
    with_nodes = bool(parameters.get("ShowCacheNodeInfo"))
    given = (parameters.get("CacheClusterId") or "").lower()
    members = [
        each for group in backend.replication_groups.values() for each in member_shapes(backend, group, with_nodes)
    ]
    own = [shape(backend, cluster, with_nodes) for cluster in backend.cache_clusters.values()]
    if given:
        found = [each for each in [*own, *members] if each["CacheClusterId"] == given]
        if not found:
            raise error("CacheClusterNotFound", f"CacheCluster {parameters.get('CacheClusterId')} not found.")
        return {"CacheClusters": found}
    alone = parameters.get("ShowCacheClustersNotInReplicationGroups")
    return page(parameters, "CacheClusters", own if alone else [*own, *members])


def shape(backend: Any, cluster: CacheCluster, with_nodes: bool) -> dict[str, Any]:
    created = cluster.cache_cluster_status not in ("creating", "incompatible-network")
    told = {
        **{key: getattr(cluster, name, None) for key, name in SHAPE.items()},
        "CacheParameterGroup": {
            "CacheParameterGroupName": cluster.cache_parameter_group_name,
            "ParameterApplyStatus": "in-sync",
        },
        "SecurityGroups": [{"SecurityGroupId": each, "Status": "active"} for each in cluster.security_group_ids],
    }
    if created and cluster.engine == "memcached":
        told["ConfigurationEndpoint"] = {
            "Address": host(backend, cluster.cache_cluster_id, "cfg"),
            "Port": cluster.port,
        }
    if created and with_nodes:
        told["CacheNodes"] = [node(backend, cluster, place) for place in range(cluster.num_cache_nodes)]
    return {key: value for key, value in told.items() if value is not None}


SHAPE = {
    "CacheClusterId": "cache_cluster_id",
    "CacheClusterStatus": "cache_cluster_status",
    "CacheNodeType": "cache_node_type",
    "Engine": "engine",
    "EngineVersion": "engine_version",
    "NumCacheNodes": "num_cache_nodes",
    "PreferredAvailabilityZone": "preferred_availability_zone",
    "CacheClusterCreateTime": "cache_cluster_create_time",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "CacheSubnetGroupName": "cache_subnet_group_name",
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
    "ReplicationGroupId": "replication_group_id",
    "SnapshotRetentionLimit": "snapshot_retention_limit",
    "SnapshotWindow": "snapshot_window",
    "AuthTokenEnabled": "auth_token_enabled",
    "TransitEncryptionEnabled": "transit_encryption_enabled",
    "ARN": "arn",
}


def node(backend: Any, cluster: CacheCluster, place: int) -> dict[str, Any]:
    number = f"{place + 1:04}"
    return {
        "CacheNodeId": number,
        "CacheNodeStatus": "available",
        "CacheNodeCreateTime": cluster.cache_cluster_create_time,
        "Endpoint": {"Address": host(backend, cluster.cache_cluster_id, number), "Port": cluster.port},
        "ParameterGroupStatus": "in-sync",
        "CustomerAvailabilityZone": cluster.preferred_availability_zone or f"{backend.region_name}a",
    }


def member_shapes(backend: Any, group: Any, with_nodes: bool) -> list[dict[str, Any]]:
    """While the group is created its members become available one after the other."""
    total = len(group.member_clusters)
    ready = int(state_of(backend).changes.part(group.arn) * total) if group.status == "creating" else total
    members = [member for shard in group.node_groups for member in shard["node_group_members"]]
    told = []
    for place, member in enumerate(members):
        status = "create-failed" if group.status == "create-failed" else group.status
        if group.status == "creating" and place < ready:
            status = "available"
        told.append(member_shape(backend, group, member, status, with_nodes))
    return told


def member_shape(backend: Any, group: Any, member: dict[str, Any], status: str, with_nodes: bool) -> dict[str, Any]:
    name = member["cache_cluster_id"]
    told = {
        "CacheClusterId": name,
        "CacheClusterStatus": status,
        "CacheNodeType": group.cache_node_type,
        "Engine": group.engine,
        "EngineVersion": group.engine_version,
        "NumCacheNodes": 1,
        "PreferredAvailabilityZone": member["preferred_availability_zone"],
        "CacheClusterCreateTime": group.replication_group_create_time,
        "CacheParameterGroup": {
            "CacheParameterGroupName": group.cache_parameter_group_name,
            "ParameterApplyStatus": "in-sync",
        },
        "PreferredMaintenanceWindow": getattr(group, "preferred_maintenance_window", None),
        "CacheSubnetGroupName": group.cache_subnet_group_name,
        "SecurityGroups": [{"SecurityGroupId": each, "Status": "active"} for each in group.security_group_ids or []],
        "ReplicationGroupId": group.replication_group_id,
        "AuthTokenEnabled": group.auth_token_enabled,
        "TransitEncryptionEnabled": group.transit_encryption_enabled,
        "AtRestEncryptionEnabled": group.at_rest_encryption_enabled,
        "ARN": group.arn.replace(f"replicationgroup:{group.replication_group_id}", f"cluster:{name}"),
    }
    if with_nodes and status == "available":
        told["CacheNodes"] = [
            {
                "CacheNodeId": "0001",
                "CacheNodeStatus": "available",
                "CacheNodeCreateTime": group.replication_group_create_time,
                "Endpoint": member.get("read_endpoint") or {"address": host(backend, name, "0001"), "port": group.port},
                "CustomerAvailabilityZone": member["preferred_availability_zone"],
            }
        ]
    return {key: value for key, value in told.items() if value is not None}


def host(backend: Any, name: str, part: str) -> str:
    return f"{name}.{unique_part(backend)}.{part}.{short_region(backend.region_name)}.cache.amazonaws.com"


def node_count(engine: str, parameters: Any) -> int:
    count = int(parameters.get("NumCacheNodes") or 1)
    if engine != "memcached" and count != 1:
        raise value_error(f"Cache clusters of engine {engine} have one node.")
    if not 1 <= count <= 40:
        raise value_error("NumCacheNodes must be between 1 and 40.")
    return count


def check_dependencies(backend: Any, parameters: Any, engine: str, version: str) -> None:
    if parameters.get("CacheSubnetGroupName"):
        subnet_groups.group_named(backend, parameters.get("CacheSubnetGroupName"))
    if parameters.get("CacheParameterGroupName"):
        group = parameter_groups.group_named(backend, parameters.get("CacheParameterGroupName"))
        if group.family != family_of(engine, version):
            raise combination_error(
                f"Expected a parameter group of family {family_of(engine, version)} but found one of family {group.family}."
            )
    if parameters.get("SnapshotName"):
        snapshots.snapshot_named(backend, parameters.get("SnapshotName"))


def cluster_named(backend: Any, given: str | None) -> CacheCluster:
    cluster = backend.cache_clusters.get((given or "").lower())
    if cluster is None:
        raise error("CacheClusterNotFound", f"CacheCluster {given} not found.")
    return cluster


def available_cluster(backend: Any, given: str | None) -> CacheCluster:
    cluster = cluster_named(backend, given)
    if cluster.cache_cluster_status != "available":
        raise error("InvalidCacheClusterState", f"Cache cluster {cluster.cache_cluster_id} is not in available state.")
    return cluster


def record(backend: Any, cluster: CacheCluster, message: str) -> None:
    events.record(backend, "cache-cluster", cluster.cache_cluster_id, message)


OPERATIONS = {
    "create_cache_cluster": create,
    "modify_cache_cluster": modify,
    "reboot_cache_cluster": reboot,
    "delete_cache_cluster": delete,
    "describe_cache_clusters": describe,
}
