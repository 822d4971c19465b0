"""Engines, their versions and node types: a small part of the service's tables, enough to refuse what it would refuse."""

import re
from typing import Any

from elasticache.errors import value_error
from elasticache.state import page

#: version, family of parameter groups; the last of each engine is its default.
VERSIONS = {
    "redis": [
        ("5.0.6", "redis5.0"),
        ("6.0.5", "redis6.x"),
        ("6.2.6", "redis6.x"),
        ("7.0.7", "redis7"),
        ("7.1.0", "redis7"),
    ],
    "valkey": [("7.2.6", "valkey7"), ("8.0.1", "valkey8")],
    "memcached": [("1.5.16", "memcached1.5"), ("1.6.22", "memcached1.6")],
}
FAMILIES = sorted({family for versions in VERSIONS.values() for _, family in versions})

NODE_TYPE = re.compile(
    r"^cache\.(t2|t3|t4g|m4|m5|m6g|m7g|r4|r5|r6g|r6gd|r7g|c7gn)\.(micro|small|medium|large|\d*xlarge)$"
)
SIZES = ["micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"]


def full_version(engine: str, given: str | None) -> str:
    """The newest version that what was asked for begins with: 6.2 is 6.2.6, 7.x is 7.1.0."""
    versions = [version for version, _ in VERSIONS[engine]]
    prefix = (given or "").removesuffix(".x")
    found = [version for version in versions if not prefix or version == prefix or version.startswith(prefix + ".")]
    if not found:
        raise value_error(f"Cannot find version {given} for {engine}")
    return found[-1]


def family_of(engine: str, version: str) -> str:
    return dict(VERSIONS[engine])[version]


def check_node_type(given: str | None) -> str:
    if not given or not NODE_TYPE.match(given):
        raise value_error(f"Invalid Cache Node Type: {given}.")
    return given


def allowed_node_types(given: str) -> dict[str, list[str]]:
    """The same family in other sizes."""
    family, size = given.rsplit(".", 1)
    burstable = family.startswith("cache.t")
    sizes = SIZES[:3] if burstable else SIZES[3:]
    place = sizes.index(size) if size in sizes else len(sizes) - 1
    return {
        "ScaleUpModifications": [f"{family}.{each}" for each in sizes[place + 1 :]],
        "ScaleDownModifications": [f"{family}.{each}" for each in sizes[:place]],
    }


def describe_versions(_: Any, parameters: Any) -> dict[str, Any]:
    found = [
        {
            "Engine": engine,
            "EngineVersion": version,
            "CacheParameterGroupFamily": family,
            "CacheEngineDescription": engine.capitalize(),
            "CacheEngineVersionDescription": f"{engine} version {version}",
        }
        for engine, versions in VERSIONS.items()
        for version, family in (versions[-1:] if parameters.get("DefaultOnly") else versions)
        if parameters.get("Engine") in (None, engine)
        and version.startswith(parameters.get("EngineVersion") or "")
        and parameters.get("CacheParameterGroupFamily") in (None, family)
    ]
    return page(parameters, "CacheEngineVersions", found)


OPERATIONS = {"describe_cache_engine_versions": describe_versions}
