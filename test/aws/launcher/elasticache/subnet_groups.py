"""Subnet groups. moto creates and describes them; added are modify, delete, and the names of availability zones."""

from typing import Any

from moto.elasticache.models import CacheSubnetGroup

from elasticache.errors import error, value_error
from elasticache.state import page


def create(backend: Any, parameters: Any) -> dict[str, Any]:
    name = (parameters.get("CacheSubnetGroupName") or "").lower()
    if not name or len(name) > 255 or not all(each.isalnum() or each in "-._" for each in name):
        raise value_error(
            "The parameter CacheSubnetGroupName must be 1 to 255 letters, digits, hyphens, dots or underscores."
        )
    if name == "default":
        raise value_error("The parameter CacheSubnetGroupName must not be default.")
    group = backend.create_cache_subnet_group(
        cache_subnet_group_name=name,
        cache_subnet_group_description=parameters.get("CacheSubnetGroupDescription"),
        subnet_ids=parameters.get("SubnetIds") or [],
        tags=parameters.get("Tags"),
    )
    name_zones(backend, group)
    return {"CacheSubnetGroup": group}


def modify(backend: Any, parameters: Any) -> dict[str, Any]:
    group = group_named(backend, parameters.get("CacheSubnetGroupName"))
    if parameters.get("CacheSubnetGroupDescription") is not None:
        group.cache_subnet_group_description = parameters.get("CacheSubnetGroupDescription")
    subnet_ids = parameters.get("SubnetIds") or []
    if subnet_ids:
        name, description = group.cache_subnet_group_name, group.cache_subnet_group_description
        group = CacheSubnetGroup(backend.account_id, backend.region_name, name, description, subnet_ids, group.tags)
        name_zones(backend, group)
        backend.cache_subnet_groups[name] = group
    return {"CacheSubnetGroup": group}


def delete(backend: Any, parameters: Any) -> None:
    group = group_named(backend, parameters.get("CacheSubnetGroupName"))
    name = group.cache_subnet_group_name
    users = [each for each in backend.replication_groups.values() if each.cache_subnet_group_name == name]
    users += [each for each in backend.cache_clusters.values() if each.cache_subnet_group_name == name]
    if users:
        raise error("CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster.")
    backend.tagging_service.delete_all_tags_for_resource(group.arn)
    del backend.cache_subnet_groups[name]


def describe(backend: Any, parameters: Any) -> dict[str, Any]:
    given = parameters.get("CacheSubnetGroupName")
    found = [group_named(backend, given)] if given else list(backend.cache_subnet_groups.values())
    return page(parameters, "CacheSubnetGroups", found)


def group_named(backend: Any, given: str | None) -> CacheSubnetGroup:
    group = backend.cache_subnet_groups.get((given or "").lower())
    if group is None:
        raise error("CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {given} does not exist.")
    return group


def name_zones(backend: Any, group: CacheSubnetGroup) -> None:
    """moto leaves the zone of a subnet out, or calls it us-east-1a wherever it is."""
    for subnet in group.subnets:
        zone = subnet.get("subnet_availability_zone") or f"{backend.region_name}a"
        subnet.pop("Subnet_availability_zone", None)
        subnet["subnet_availability_zone"] = {"Name": zone}


OPERATIONS = {
    "create_cache_subnet_group": create,
    "modify_cache_subnet_group": modify,
    "delete_cache_subnet_group": delete,
    "describe_cache_subnet_groups": describe,
}
