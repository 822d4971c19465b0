"""ElastiCache: what moto lacks, and what it gets wrong where a driver would notice.

Each module holds one kind of resource as plain functions `verb(backend, parameters)`, which both the API's operations
and the resources of CloudFormation templates call.
"""

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.elasticache.models import ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse

from elasticache import (
    cache_clusters,
    engines,
    events,
    parameter_groups,
    replica_counts,
    replication_groups,
    snapshots,
    subnet_groups,
    tags,
    user_groups,
    users,
)
from endpoint_state import LOCK

MODULES = (
    cache_clusters,
    engines,
    events,
    parameter_groups,
    replica_counts,
    replication_groups,
    snapshots,
    subnet_groups,
    tags,
    user_groups,
    users,
)


def install() -> None:
    for module in MODULES:
        for name, operation in module.OPERATIONS.items():
            setattr(ElastiCacheResponse, name, method(operation))
    ElastiCacheResponse.call_action = call_action  # type: ignore[method-assign]
    tags.accept_more_arns(ElastiCacheBackend)


def method(operation: Callable[[ElastiCacheBackend, Any], Any]) -> Callable[[ElastiCacheResponse], ActionResult]:
    def answer(self: ElastiCacheResponse) -> ActionResult:
        return ActionResult(operation(self.elasticache_backend, self.params))

    return answer


def call_action(self: ElastiCacheResponse) -> Any:
    """One at a time."""
    with LOCK:
        return BaseResponse.call_action(self)
