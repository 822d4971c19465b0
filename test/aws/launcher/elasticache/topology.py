"""Shards, members and addresses of a replication group, as the service lays them out and names them.

moto counts only ReplicasPerNodeGroup, names the members of a second shard like those of the first, has no reader
endpoint, and says `use1` in every region.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

SLOTS = 16384
#: Of the shards, where the group's own says something about them.
SHARD_STATUS = {"creating": "creating", "create-failed": "creating", "modifying": "modifying", "deleting": "deleting"}
CARDINALS = {"north": "n", "northeast": "ne", "northwest": "nw", "south": "s", "southeast": "se", "southwest": "sw",
             "east": "e", "west": "w", "central": "c"}  # fmt: skip


@dataclass
class Topology:
    """`replicas` has one number for each shard; `primaries` the place of the primary among its members."""

    clustered: bool
    replicas: list[int]
    primaries: list[int]


def lay_out(group: Any, backend: Any, created: bool) -> None:
    """Fills in what moto's object tells: no addresses before it has been created."""
    topology: Topology = group.topology
    names = [
        [member_name(group, shard, place) for place in range(1 + replicas)]
        for shard, replicas in enumerate(topology.replicas)
    ]
    group.member_clusters = [name for shard in names for name in shard]
    group.node_groups = [node_group(group, backend, shard, members, created) for shard, members in enumerate(names)]
    group.configuration_endpoint = None
    if created and topology.clustered:
        group.configuration_endpoint = endpoint(address(group, backend, "clustercfg"), group.port)


def node_group(group: Any, backend: Any, shard: int, members: list[str], created: bool) -> dict[str, Any]:
    topology: Topology = group.topology
    told: dict[str, Any] = {
        "node_group_id": f"{shard + 1:04}",
        "status": SHARD_STATUS.get(group.status, "available"),
        "node_group_members": [
            member(group, backend, shard, place, name, created) for place, name in enumerate(members)
        ],
    }
    if topology.clustered:
        count = len(topology.replicas)
        told["slots"] = f"{SLOTS * shard // count}-{SLOTS * (shard + 1) // count - 1}"
    elif created:
        told["primary_endpoint"] = endpoint(address(group, backend, "master"), group.port)
        told["reader_endpoint"] = endpoint(address(group, backend, "replica"), group.port)
    return told


def member(group: Any, backend: Any, shard: int, place: int, name: str, created: bool) -> dict[str, Any]:
    topology: Topology = group.topology
    zones = group.zones or [f"{backend.region_name}{letter}" for letter in "abc"]
    told: dict[str, Any] = {
        "cache_cluster_id": name,
        "cache_node_id": "0001",
        "preferred_availability_zone": zones[place % len(zones)],
    }
    if not topology.clustered:
        told["current_role"] = "primary" if place == topology.primaries[shard] else "replica"
        if created:
            told["read_endpoint"] = endpoint(address(group, backend, name), group.port)
    return told


def member_name(group: Any, shard: int, place: int) -> str:
    middle = f"{shard + 1:04}-" if group.topology.clustered else ""
    return f"{group.replication_group_id}-{middle}{place + 1:03}"


def address(group: Any, backend: Any, role: str) -> str:
    """`role` is master, replica, clustercfg, or the name of a member. With TLS the service names hosts another way
    round."""
    name, unique, region = group.replication_group_id, unique_part(backend), short_region(backend.region_name)
    if group.transit_encryption_enabled:
        return f"{role}.{name}.{unique}.{region}.cache.amazonaws.com"
    plain = {"master": (name, "ng.0001"), "replica": (f"{name}-ro", "ng.0001"), "clustercfg": (name, "clustercfg")}
    host, kind = plain.get(role, (role, "0001"))
    return f"{host}.{unique}.{kind}.{region}.cache.amazonaws.com"


def unique_part(backend: Any) -> str:
    """Six characters that an account has in a region."""
    return hashlib.sha256(f"{backend.account_id}/{backend.region_name}".encode()).hexdigest()[:6]


def short_region(region: str) -> str:
    """us-west-2 is usw2."""
    return "".join(CARDINALS.get(part, part) for part in region.split("-"))


def endpoint(host: str, port: int) -> dict[str, Any]:
    return {"address": host, "port": port}
