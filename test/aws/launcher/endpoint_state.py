"""What tests may set while the endpoint runs: how long changes take, and which of them fail.

Times are read when somebody asks, not when a change begins: a test that wants to look at `creating` for as long as it
likes starts with an endless time and sets it to nothing when it has seen enough.
"""

import time
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

#: moto's server answers each request in a thread of its own, and its models have no locks.
LOCK = RLock()

#: Milliseconds that a change takes, by kind of change.
TIMES: dict[str, float] = {"creating": 0, "modifying": 0, "deleting": 0, "snapshotting": 0}


@dataclass
class Failure:
    """One failure that a test asked for: the next time `operation` touches `target`, or any target when it is empty.

    `target` is the id of a cache, or of a stack's resource the logical id or the type; `stack` narrows it to one stack.
    """

    operation: str
    reason: str
    target: str = ""
    stack: str = ""
    times: int = 1


FAILURES: list[Failure] = []

#: Those that something asks for; any other name would wait for ever.
FAILING = {
    "CreateCacheCluster",
    "CreateReplicationGroup",
    "CreateResource",
    "CreateSnapshot",
    "DeleteResource",
    "ModifyReplicationGroup",
    "UpdateResource",
}


def take_failure(operation: str, *targets: str, stack: str = "") -> str | None:
    """The reason with which this must fail now, if a test asked for it."""
    for failure in FAILURES:
        if failure.operation != operation or failure.times < 1:
            continue
        if failure.target and failure.target not in targets:
            continue
        if failure.stack and failure.stack != stack:
            continue
        failure.times -= 1
        return failure.reason
    return None


@dataclass
class Change:
    """A change under way: its kind gives its time, and `finish` is called once when that is over."""

    kind: str
    finish: Any
    began: float = field(default_factory=time.monotonic)

    def part(self) -> float:
        """How much of it is over, from 0 to 1."""
        wanted = TIMES[self.kind] / 1000
        return 1.0 if wanted <= 0 else min(1.0, (time.monotonic() - self.began) / wanted)


class Changes:
    """The changes under way in one account and region, by the ARN of what changes."""

    def __init__(self) -> None:
        self.under_way: dict[str, Change] = {}

    def begin(self, arn: str, kind: str, finish: Any) -> None:
        self.under_way[arn] = Change(kind, finish)

    def part(self, arn: str) -> float:
        change = self.under_way.get(arn)
        return 1.0 if change is None else change.part()

    def settle(self) -> None:
        """Ends what is over. Ending one may begin the next, hence the loop."""
        while True:
            over = [arn for arn, change in self.under_way.items() if change.part() >= 1.0]
            if not over:
                return
            for arn in over:
                change = self.under_way.pop(arn, None)
                if change is not None:
                    change.finish()
