"""Change sets: moto's tell nothing about replacement, take the first of a name in any stack, and forget outputs and
parameters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.cloudformation.utils import generate_changeset_id
from moto.core.utils import utcnow

from cloudformation import stacks
from cloudformation.errors import error, validation_error
from cloudformation.planned import Planned, PlannedChange

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


@dataclass
class ChangeSet:
    id: str
    name: str
    kind: str
    stack: Any
    wanted: dict[str, Any]
    description: str | None
    created: datetime
    changes: list[PlannedChange]
    status: str = "CREATE_COMPLETE"
    reason: str | None = None
    execution: str = "AVAILABLE"


def create(backend: Any, name: str, kind: str, wanted: dict[str, Any], description: str | None) -> ChangeSet:
    stack = stacks.find(backend, wanted["name"])
    if kind == "CREATE" and (stack is None or stack.status == "REVIEW_IN_PROGRESS"):
        stack = stack or review(backend, wanted)
    elif kind == "CREATE":
        raise error(
            "AlreadyExistsException",
            f"Stack [{wanted['name']}] already exists and cannot be created again with the changeSet [{name}].",
        )
    elif stack is None or stack.status == "REVIEW_IN_PROGRESS":
        raise validation_error(f"Stack [{wanted['name']}] does not exist")
    elif stack.status.endswith("_IN_PROGRESS") or stack.status in (
        "ROLLBACK_COMPLETE",
        "CREATE_FAILED",
        "DELETE_FAILED",
    ):
        raise validation_error(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
    if any(each.stack is stack and each.name == name for each in backend.change_sets.values()):
        raise error(
            "AlreadyExistsException",
            f"ChangeSet {name} cannot be created due to a mismatch with existing attribute Name",
        )
    planned = Planned(stack, wanted["template"], wanted["parameters"], wanted["tags"])
    change_set_id = generate_changeset_id(name, backend.region_name, backend.account_id)
    made = ChangeSet(change_set_id, name, kind, stack, wanted, description, utcnow(), planned.changes())
    same_tags = wanted["tags"] in (None, stack.tags)
    if kind == "UPDATE" and not made.changes and not planned.outputs_change() and same_tags:
        made.status, made.reason, made.execution = "FAILED", NO_CHANGES, "UNAVAILABLE"
    backend.change_sets[change_set_id] = made
    return made


def review(backend: Any, wanted: dict[str, Any]) -> Any:
    stack = stacks.new_stack(backend, wanted)
    stacks.set_status(stack, "REVIEW_IN_PROGRESS", stacks.INITIATED)
    return stack


def execute(backend: Any, made: ChangeSet, token: str | None) -> None:
    if made.execution != "AVAILABLE":
        raise error(
            "InvalidChangeSetStatus",
            f"ChangeSet [{made.id}] cannot be executed in its current status of [{made.status}]",
        )
    made.wanted["token"] = token
    if made.kind == "CREATE":
        stack = made.stack
        stack.token = stack.create_token = token
        stacks.retarget(stack, made.wanted["template"], made.wanted["parameters"], made.wanted["tags"] or {})
        stacks.begin_creation(backend, stack)
    else:
        stacks.begin_update(backend, made.stack, made.wanted)
    made.execution = "EXECUTE_COMPLETE"
    # The others were worked out for a stack that is no more.
    for other in list(backend.change_sets.values()):
        if other.stack is made.stack and other is not made:
            other.execution = "OBSOLETE"


def named(backend: Any, name_or_id: str, stack_name: str | None) -> ChangeSet:
    for made in backend.change_sets.values():
        of_stack = stack_name is None or stack_name in (made.stack.name, made.stack.stack_id)
        if made.id == name_or_id or (made.name == name_or_id and of_stack):
            return made
    raise error("ChangeSetNotFound", f"ChangeSet [{name_or_id}] does not exist")


def shape(made: ChangeSet) -> dict[str, Any]:
    return {
        "ChangeSetName": made.name,
        "ChangeSetId": made.id,
        "StackId": made.stack.stack_id,
        "StackName": made.stack.name,
        "Description": made.description,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in made.wanted["parameters"].items()
        ],
        "CreationTime": made.created,
        "ExecutionStatus": made.execution,
        "Status": made.status,
        "StatusReason": made.reason,
        "Capabilities": made.wanted["capabilities"],
        "Tags": [{"Key": key, "Value": value} for key, value in (made.wanted["tags"] or {}).items()],
        "ChangeSetType": made.kind,
        "Changes": [{"Type": "Resource", "ResourceChange": change_shape(each)} for each in made.changes],
    }


def change_shape(change: PlannedChange) -> dict[str, Any]:
    told = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id,
        "ResourceType": change.type,
        "Replacement": change.replacement,
        "PolicyAction": change.policy
        if change.action == "Remove"
        else "ReplaceAndDelete"
        if change.replacement == "True"
        else None,
        "Scope": ["Properties"] if change.action == "Modify" else [],
        "Details": [detail(change, name) for name in sorted(change.changed)],
    }
    return {key: value for key, value in told.items() if value is not None}


def detail(change: PlannedChange, name: str) -> dict[str, Any]:
    unknown = name in change.unknown
    recreation = ("Conditionally" if unknown else "Always") if name in change.replacing else "Never"
    return {
        "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation},
        "Evaluation": "Dynamic" if unknown else "Static",
        "ChangeSource": "ResourceReference" if unknown else "DirectModification",
    }
