"""Parameter groups, which moto lacks wholly. Each family has a dozen of the service's parameters, not all."""

from dataclasses import dataclass, field
from typing import Any

from elasticache.engines import FAMILIES
from elasticache.errors import error, identifier, value_error
from elasticache.state import page, state_of

#: name: type, default, allowed values, may be modified, needs a restart
REDIS = {
    "activedefrag": ("string", "no", "yes,no", True, False),
    "activerehashing": ("string", "yes", "yes,no", False, True),
    "appendonly": ("string", "no", "yes,no", False, False),
    "cluster-enabled": ("string", "no", "yes,no", True, True),
    "databases": ("integer", "16", "1-1200000", True, True),
    "maxclients": ("integer", "65000", "1-65000", False, True),
    "maxmemory-policy": (
        "string",
        "volatile-lru",
        "volatile-lru,allkeys-lru,volatile-lfu,allkeys-lfu,volatile-random,allkeys-random,volatile-ttl,noeviction",
        True,
        False,
    ),
    "maxmemory-samples": ("integer", "3", "1-", True, False),
    "notify-keyspace-events": ("string", "", "", True, False),
    "reserved-memory-percent": ("integer", "25", "0-100", True, False),
    "slowlog-log-slower-than": ("integer", "10000", "0-", True, False),
    "tcp-keepalive": ("integer", "300", "0-", True, False),
    "timeout": ("integer", "0", "0,20-", True, False),
}
MEMCACHED = {
    "chunk_size": ("integer", "48", "1-1024", True, True),
    "max_item_size": ("integer", "1048576", "1024-1073741824", True, True),
    "maxconns_fast": ("integer", "0", "0,1", True, True),
    "memcached_connections_overhead": ("integer", "100", "0-", True, True),
}


@dataclass
class ParameterGroup:
    name: str
    family: str
    description: str
    arn: str
    values: dict[str, str] = field(default_factory=dict)

    def shape(self) -> dict[str, Any]:
        return {
            "CacheParameterGroupName": self.name,
            "CacheParameterGroupFamily": self.family,
            "Description": self.description,
            "IsGlobal": False,
            "ARN": self.arn,
        }


def create(backend: Any, parameters: Any) -> dict[str, Any]:
    groups = state_of(backend).parameter_groups
    name = identifier("CacheParameterGroupName", parameters.get("CacheParameterGroupName"), 255)
    family = parameters.get("CacheParameterGroupFamily")
    if family not in FAMILIES:
        raise value_error(f"CacheParameterGroupFamily {family} is not a valid parameter group family.")
    if name in groups:
        raise error("CacheParameterGroupAlreadyExists", f"CacheParameterGroup {name} already exists.")
    group = ParameterGroup(name, family, parameters.get("Description") or "", arn_of(backend, name))
    groups[name] = group
    if parameters.get("Tags"):
        backend.tagging_service.tag_resource(group.arn, parameters.get("Tags"))
    return {"CacheParameterGroup": group.shape()}


def describe(backend: Any, parameters: Any) -> dict[str, Any]:
    given = parameters.get("CacheParameterGroupName")
    groups = (
        [group_named(backend, given)] if given else [*defaults(backend), *state_of(backend).parameter_groups.values()]
    )
    return page(parameters, "CacheParameterGroups", [group.shape() for group in groups])


def modify(backend: Any, parameters: Any) -> dict[str, Any]:
    group = own_group(backend, parameters.get("CacheParameterGroupName"))
    wanted = {each["ParameterName"]: each.get("ParameterValue") for each in parameters.get("ParameterNameValues") or []}
    if len(wanted) > 20:
        raise value_error("No more than 20 parameters can be modified in a single request.")
    for name, value in wanted.items():
        check_value(group, name, value)
    group.values.update(wanted)
    return {"CacheParameterGroupName": group.name}


def reset(backend: Any, parameters: Any) -> dict[str, Any]:
    group = own_group(backend, parameters.get("CacheParameterGroupName"))
    names = [each["ParameterName"] for each in parameters.get("ParameterNameValues") or []]
    for name in list(group.values) if parameters.get("ResetAllParameters") else names:
        group.values.pop(name, None)
    return {"CacheParameterGroupName": group.name}


def delete(backend: Any, parameters: Any) -> None:
    group = own_group(backend, parameters.get("CacheParameterGroupName"))
    users = [*backend.replication_groups.values(), *backend.cache_clusters.values()]
    if any(each.cache_parameter_group_name == group.name for each in users):
        raise error("InvalidCacheParameterGroupState", f"One or more cache clusters are still members of {group.name}.")
    backend.tagging_service.delete_all_tags_for_resource(group.arn)
    del state_of(backend).parameter_groups[group.name]


def describe_parameters(backend: Any, parameters: Any) -> dict[str, Any]:
    group = group_named(backend, parameters.get("CacheParameterGroupName"))
    source = parameters.get("Source")
    found = [parameter_shape(group, name) for name in table_of(group)]
    return page(parameters, "Parameters", [each for each in found if source in (None, each["Source"])])


def parameter_shape(group: ParameterGroup, name: str) -> dict[str, Any]:
    data_type, default, allowed, modifiable, restart = table_of(group)[name]
    return {
        "ParameterName": name,
        "ParameterValue": group.values.get(name, default),
        "Source": "user" if name in group.values else "system",
        "DataType": data_type,
        "AllowedValues": allowed,
        "IsModifiable": modifiable,
        "MinimumEngineVersion": "5.0.6",
        "ChangeType": "requires-reboot" if restart else "immediate",
    }


def check_value(group: ParameterGroup, name: str, value: str | None) -> None:
    known = table_of(group).get(name)
    if known is None:
        raise value_error(f"The parameter {name} does not exist in family {group.family}.")
    data_type, _, allowed, modifiable, _ = known
    if not modifiable:
        raise value_error(f"The parameter {name} cannot be modified.")
    given = value or ""
    if data_type == "integer":
        fits = given.isdigit() and any(in_range(int(given), each) for each in allowed.split(","))
    else:
        fits = not allowed or given in allowed.split(",")
    if not fits:
        raise value_error(f"The parameter value {given} for parameter {name} is invalid. Allowed values: {allowed}.")


def in_range(number: int, span: str) -> bool:
    low, dash, high = span.partition("-")
    return int(low) <= number <= (int(high) if high else (number if dash else int(low)))


def table_of(group: ParameterGroup) -> dict[str, Any]:
    return MEMCACHED if group.family.startswith("memcached") else REDIS


def defaults(backend: Any) -> list[ParameterGroup]:
    """The service's own group of each family, and that for cluster mode."""
    groups = []
    for family in FAMILIES:
        for suffix, values in (("", {}), (".cluster.on", {"cluster-enabled": "yes"})):
            if suffix and family.startswith("memcached"):
                continue
            name = f"default.{family}{suffix}"
            groups.append(
                ParameterGroup(name, family, f"Default parameter group for {family}", arn_of(backend, name), values)
            )
    return groups


def group_named(backend: Any, given: str | None) -> ParameterGroup:
    name = (given or "").lower()
    found = state_of(backend).parameter_groups.get(name)
    found = found or next((group for group in defaults(backend) if group.name == name), None)
    if found is None:
        raise error("CacheParameterGroupNotFound", f"CacheParameterGroup {given} not found.")
    return found


def own_group(backend: Any, given: str | None) -> ParameterGroup:
    group = group_named(backend, given)
    if group.name.startswith("default."):
        raise value_error(f"The default parameter group {group.name} cannot be modified or deleted.")
    return group


def is_clustered(group: ParameterGroup) -> bool:
    return group.values.get("cluster-enabled") == "yes"


def arn_of(backend: Any, name: str) -> str:
    return f"arn:{backend.partition}:elasticache:{backend.region_name}:{backend.account_id}:parametergroup:{name}"


OPERATIONS = {
    "create_cache_parameter_group": create,
    "describe_cache_parameter_groups": describe,
    "modify_cache_parameter_group": modify,
    "reset_cache_parameter_group": reset,
    "delete_cache_parameter_group": delete,
    "describe_cache_parameters": describe_parameters,
}
