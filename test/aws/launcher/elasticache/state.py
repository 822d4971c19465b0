"""What the launcher keeps beside moto's own state of one account and region; /moto-api/reset empties both."""

from dataclasses import dataclass, field
from typing import Any

from endpoint_state import Changes


@dataclass
class State:
    user_groups: dict[str, Any] = field(default_factory=dict)
    parameter_groups: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)


def state_of(backend: Any) -> State:
    return backend.__dict__.setdefault("launcher_state", State())


def page(parameters: Any, key: str, found: list[Any]) -> dict[str, Any]:
    """A page as the service cuts it: at most 100, and a marker where more follow."""
    start = int(parameters.get("Marker") or 0)
    end = start + int(parameters.get("MaxRecords") or 100)
    return {key: found[start:end], **({"Marker": str(end)} if end < len(found) else {})}
