"""DescribeEvents, which moto lacks: the only place where the service says why a creation failed."""

from datetime import datetime, timedelta
from typing import Any

from moto.core.utils import utcnow

from elasticache.state import page, state_of


def record(backend: Any, source_type: str, source: str, message: str) -> None:
    event = {"SourceIdentifier": source, "SourceType": source_type, "Message": message, "Date": utcnow()}
    state_of(backend).events.append(event)


def describe(backend: Any, parameters: Any) -> dict[str, Any]:
    since = parameters.get("StartTime") or utcnow() - timedelta(minutes=int(parameters.get("Duration") or 60))
    found = [
        event
        for event in reversed(state_of(backend).events)
        if plain(event["Date"]) >= plain(since)
        and parameters.get("SourceType") in (None, event["SourceType"])
        and parameters.get("SourceIdentifier") in (None, event["SourceIdentifier"])
    ]
    return page(parameters, "Events", found)


def plain(time: datetime) -> datetime:
    return time.replace(tzinfo=None)


OPERATIONS = {"describe_events": describe}
