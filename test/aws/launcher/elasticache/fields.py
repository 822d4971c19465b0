"""Parameters that moto's objects hold as they come, each under its own name in snake case."""

from typing import Any

from moto.core.utils import camelcase_to_underscores

#: Of a cache cluster and of a replication group, when they are created.
TAKEN = (
    "CacheSecurityGroupNames",
    "SecurityGroupIds",
    "Tags",
    "SnapshotArns",
    "SnapshotName",
    "PreferredMaintenanceWindow",
    "NotificationTopicArn",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "AuthToken",
    "LogDeliveryConfigurations",
    "TransitEncryptionEnabled",
    "NetworkType",
    "IpDiscovery",
)

#: Of both, when they are modified.
MODIFIABLE = (
    "CacheNodeType",
    "SecurityGroupIds",
    "PreferredMaintenanceWindow",
    "NotificationTopicArn",
    "CacheParameterGroupName",
    "AutoMinorVersionUpgrade",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "IpDiscovery",
)


def taken(parameters: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """For moto's constructors: those that are not given are None."""
    return {camelcase_to_underscores(name): parameters.get(name) for name in names}


def change(holder: Any, parameters: Any, names: tuple[str, ...]) -> None:
    """Those that are not given stay."""
    for name in names:
        if parameters.get(name) is not None:
            setattr(holder, camelcase_to_underscores(name), parameters.get(name))
