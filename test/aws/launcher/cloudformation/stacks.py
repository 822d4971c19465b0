"""What a stack goes through. moto carries every operation out at once, knows no failure, and leaves a stack that cannot
be made behind in a state in which nobody can list stacks any more.

Here an operation begins at once and ends after its time (endpoint_state.TIMES), resource by resource, with an event for
each; what fails is rolled back, as CloudFormation does it.
"""

import json
from typing import Any

from moto.cloudformation.models import Event, Stack
from moto.cloudformation.utils import generate_stack_id
from moto.core.utils import utcnow

from cloudformation import resources, templates
from cloudformation.errors import error, validation_error
from cloudformation.planned import Planned, aim
from cloudformation.resources import Record, ResourceFailure
from endpoint_state import Changes

INITIATED = "User Initiated"


def changes_of(backend: Any) -> Changes:
    return backend.__dict__.setdefault("launcher_changes", Changes())


# Create


def create(backend: Any, wanted: dict[str, Any]) -> Stack:
    """`wanted` has what the request has, read: see operations.py."""
    same = find(backend, wanted["name"])
    if same is not None:
        if wanted["token"] and same.create_token == wanted["token"]:
            return same
        raise error("AlreadyExistsException", f"Stack [{wanted['name']}] already exists")
    stack = new_stack(backend, wanted)
    begin_creation(backend, stack)
    return stack


def new_stack(backend: Any, wanted: dict[str, Any]) -> Stack:
    stack = Stack(
        stack_id=generate_stack_id(wanted["name"], backend.region_name, backend.account_id),
        name=wanted["name"],
        template=wanted["template"],
        parameters=wanted["parameters"],
        account_id=backend.account_id,
        region_name=backend.region_name,
        notification_arns=wanted["notifications"],
        tags=wanted["tags"],
        role_arn=wanted["role"],
        cross_stack_resources=backend.exports,
        enable_termination_protection=wanted["protected"],
        timeout_in_mins=wanted["timeout"],
        stack_policy_body=wanted["policy"],
    )
    stack.resource_map.stack_tags = stack.tags
    stack.records = {}
    stack.shown_outputs = None
    stack.token = stack.create_token = wanted["token"]
    stack.capabilities = wanted["capabilities"]
    stack.on_failure = wanted["on_failure"]
    stack.disable_rollback = wanted["on_failure"] == "DO_NOTHING"
    stack.status_reason = None
    backend.stacks[stack.stack_id] = stack
    return stack


def begin_creation(backend: Any, stack: Stack) -> None:
    set_status(stack, "CREATE_IN_PROGRESS", INITIATED)
    for logical_id in templates.order(stack.template_dict["Resources"])[:1]:
        tell(stack, logical_id, stack.template_dict["Resources"][logical_id]["Type"], "", "CREATE_IN_PROGRESS")
    changes_of(backend).begin(stack.stack_id, "creating", lambda: finish_creation(backend, stack))


def finish_creation(backend: Any, stack: Stack) -> None:
    for logical_id in templates.order(stack.template_dict["Resources"]):
        try:
            make(stack, logical_id)
        except ResourceFailure:
            fail_creation(backend, stack, logical_id)
            return
    try:
        show_outputs(backend, stack)
    except Exception as wrong:  # an output that asks for what its resource does not have
        set_status(stack, "ROLLBACK_IN_PROGRESS", resources.message_of(wrong))
        changes_of(backend).begin(stack.stack_id, "deleting", lambda: finish_rollback(backend, stack))
        return
    set_status(stack, "CREATE_COMPLETE")


def fail_creation(backend: Any, stack: Stack, logical_id: str) -> None:
    reason = f"The following resource(s) failed to create: [{logical_id}]."
    if stack.on_failure == "DO_NOTHING":
        set_status(stack, "CREATE_FAILED", reason)
        return
    if stack.on_failure == "DELETE":
        set_status(stack, "DELETE_IN_PROGRESS", f"{reason} Delete requested by user.")
        changes_of(backend).begin(stack.stack_id, "deleting", lambda: finish_deletion(backend, stack, []))
        return
    set_status(stack, "ROLLBACK_IN_PROGRESS", f"{reason} Rollback requested by user.")
    changes_of(backend).begin(stack.stack_id, "deleting", lambda: finish_rollback(backend, stack))


def finish_rollback(backend: Any, stack: Stack) -> None:
    failed = remove_all(stack, keep=[])
    set_status(stack, "ROLLBACK_FAILED" if failed else "ROLLBACK_COMPLETE", not_deleted(failed))


# Update


def begin_update(backend: Any, stack: Stack, wanted: dict[str, Any]) -> None:
    """`wanted` as for a create. Refuses what changes nothing."""
    if wanted["token"] and stack.token == wanted["token"]:
        return
    if stack.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"):
        raise validation_error(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
    planned = Planned(stack, wanted["template"], wanted["parameters"], wanted["tags"])
    if not planned.changes() and not planned.outputs_change() and wanted["tags"] in (None, stack.tags):
        raise validation_error("No updates are to be performed.")
    before = (stack.template, stack.parameters, stack.tags)
    stack.token = wanted["token"]
    stack.role_arn = wanted["role"] or stack.role_arn
    stack.capabilities = wanted["capabilities"] or stack.capabilities
    stack.last_updated_time = utcnow()
    set_status(stack, "UPDATE_IN_PROGRESS", INITIATED)
    tags = stack.tags if wanted["tags"] is None else wanted["tags"]
    after = (wanted["template"], wanted["parameters"], tags)
    changes_of(backend).begin(stack.stack_id, "modifying", lambda: finish_update(backend, stack, before, after))


def finish_update(backend: Any, stack: Stack, before: tuple[Any, ...], after: tuple[Any, ...]) -> None:
    retarget(stack, *after)
    outdated: list[Record] = []
    try:
        for logical_id in templates.order(stack.template_dict["Resources"]):
            outdated += bring_up_to_date(stack, logical_id)
        show_outputs(backend, stack)
    except ResourceFailure as failure:
        logical_id = failure.args[1] if len(failure.args) > 1 else ""
        reason = f"The following resource(s) failed to update: [{logical_id}]."
        set_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
        changes_of(backend).begin(
            stack.stack_id, "modifying", lambda: finish_update_rollback(backend, stack, before, outdated)
        )
        return
    outdated += [record for name, record in stack.records.items() if not is_in_template(stack, name)]
    if outdated:
        set_status(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    clean_up(stack, outdated)
    set_status(stack, "UPDATE_COMPLETE")


def finish_update_rollback(backend: Any, stack: Stack, before: tuple[Any, ...], outdated: list[Record]) -> None:
    """To the template before: what was replaced is still there, what was added goes."""
    for record in outdated:
        added = stack.records.get(record.logical_id)
        stack.records[record.logical_id] = record
        resources.adopt(stack, record.logical_id, record.type, record.resource)
        if added is not None and added is not record:
            remove(stack, added)
    retarget(stack, *before)
    added_records = [record for name, record in stack.records.items() if not is_in_template(stack, name)]
    failed = []
    for logical_id in templates.order(stack.template_dict["Resources"]):
        try:
            bring_up_to_date(stack, logical_id)
        except ResourceFailure:
            failed.append(logical_id)
    if failed:
        set_status(
            stack, "UPDATE_ROLLBACK_FAILED", f"The following resource(s) failed to update: [{', '.join(failed)}]."
        )
        return
    set_status(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    clean_up(stack, added_records)
    show_outputs(backend, stack)
    set_status(stack, "UPDATE_ROLLBACK_COMPLETE")


def bring_up_to_date(stack: Stack, logical_id: str) -> list[Record]:
    """Makes, changes or replaces one resource; what it replaced is handed back and removed at the end."""
    record = stack.records.get(logical_id)
    if not resources.is_wanted(stack.resource_map, logical_id):
        return []
    if record is None:
        make(stack, logical_id)
        return []
    properties = resources.properties_of(stack.resource_map, logical_id)
    changed = {key for key in {*properties, *record.properties} if properties.get(key) != record.properties.get(key)}
    new_type = stack.template_dict["Resources"][logical_id]["Type"] != record.type
    record.deletion_policy = stack.template_dict["Resources"][logical_id].get("DeletionPolicy", "Delete")
    if not changed and not new_type:
        return []
    if new_type or resources.must_be_replaced(record, changed):
        return replace(stack, record, properties)
    tell(stack, logical_id, record.type, record.physical_id, "UPDATE_IN_PROGRESS")
    try:
        resources.update(stack, record, properties)
    except ResourceFailure as failure:
        record.status, record.reason = "UPDATE_FAILED", str(failure)
        tell(stack, logical_id, record.type, record.physical_id, "UPDATE_FAILED", str(failure))
        raise ResourceFailure(str(failure), logical_id) from failure
    record.status, record.reason = "UPDATE_COMPLETE", None
    tell(stack, logical_id, record.type, record.physical_id, "UPDATE_COMPLETE")
    return []


def replace(stack: Stack, record: Record, properties: dict[str, Any]) -> list[Record]:
    logical_id = record.logical_id
    reason = "Requested update requires the creation of a new physical resource; hence creating one."
    tell(stack, logical_id, record.type, record.physical_id, "UPDATE_IN_PROGRESS", reason)
    if record.name in [value for value in properties.values() if isinstance(value, str)]:
        failed = f"CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {record.name} and update the stack again."
        tell(stack, logical_id, record.type, record.physical_id, "UPDATE_FAILED", failed)
        raise ResourceFailure(failed, logical_id)
    make(stack, logical_id)
    return [record]


def retarget(stack: Stack, template: str, parameters: dict[str, str], tags: dict[str, str]) -> None:
    stack.template, stack.parameters, stack.tags = template, parameters, tags
    stack.template_dict = templates.parse(template)
    stack.description = stack.template_dict.get("Description")
    aim(stack.resource_map, stack.template_dict, parameters, tags)


# Delete


def begin_deletion(backend: Any, stack: Stack, retained: list[str], token: str | None) -> None:
    if stack.status == "DELETE_IN_PROGRESS":
        return
    if stack.enable_termination_protection:
        raise validation_error(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    if stack.status.endswith("_IN_PROGRESS") and stack.status not in ("CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"):
        raise validation_error(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")
    stack.token = token
    set_status(stack, "DELETE_IN_PROGRESS", INITIATED)
    changes_of(backend).begin(stack.stack_id, "deleting", lambda: finish_deletion(backend, stack, retained))


def finish_deletion(backend: Any, stack: Stack, retained: list[str]) -> None:
    failed = remove_all(stack, keep=retained)
    if failed:
        set_status(stack, "DELETE_FAILED", not_deleted(failed))
        return
    stack.deletion_time = utcnow()
    set_status(stack, "DELETE_COMPLETE")
    for name in [name for name, export in backend.exports.items() if export.exporting_stack_id == stack.stack_id]:
        del backend.exports[name]
    backend.stacks.pop(stack.stack_id, None)
    backend.deleted_stacks[stack.stack_id] = stack


def remove_all(stack: Stack, keep: list[str]) -> list[str]:
    """Backwards; what is retained is told as skipped. The logical ids that would not go."""
    order = templates.order(stack.template_dict["Resources"]) if stack.records else []
    failed = []
    for logical_id in reversed(order):
        record = stack.records.get(logical_id)
        if record is None:
            continue
        if logical_id in keep or record.deletion_policy in ("Retain", "RetainExceptOnCreate"):
            tell(stack, logical_id, record.type, record.physical_id, "DELETE_SKIPPED")
            del stack.records[logical_id]
        elif not remove(stack, record):
            failed.append(logical_id)
        else:
            del stack.records[logical_id]
    return failed


def remove(stack: Stack, record: Record) -> bool:
    tell(stack, record.logical_id, record.type, record.physical_id, "DELETE_IN_PROGRESS")
    try:
        resources.delete(stack, record)
    except ResourceFailure as failure:
        record.status, record.reason = "DELETE_FAILED", str(failure)
        tell(stack, record.logical_id, record.type, record.physical_id, "DELETE_FAILED", str(failure))
        return False
    tell(stack, record.logical_id, record.type, record.physical_id, "DELETE_COMPLETE")
    return True


def clean_up(stack: Stack, outdated: list[Record]) -> None:
    """After an update. What will not go is left behind: the update is complete all the same."""
    for record in outdated:
        if record.deletion_policy in ("Retain", "RetainExceptOnCreate"):
            tell(stack, record.logical_id, record.type, record.physical_id, "DELETE_SKIPPED")
        else:
            remove(stack, record)
        if stack.records.get(record.logical_id) is record:
            del stack.records[record.logical_id]
            stack.resource_map._parsed_resources.pop(record.logical_id, None)


def not_deleted(failed: list[str]) -> str | None:
    return f"The following resource(s) failed to delete: [{', '.join(failed)}]. " if failed else None


# What all of them use


def make(stack: Stack, logical_id: str) -> None:
    if not resources.is_wanted(stack.resource_map, logical_id):
        return
    resource_type = stack.template_dict["Resources"][logical_id]["Type"]
    tell(stack, logical_id, resource_type, "", "CREATE_IN_PROGRESS")
    try:
        record = resources.create(stack, logical_id)
    except ResourceFailure as failure:
        tell(stack, logical_id, resource_type, "", "CREATE_FAILED", str(failure))
        raise ResourceFailure(str(failure), logical_id) from failure
    stack.records[logical_id] = record
    tell(stack, logical_id, resource_type, record.physical_id, "CREATE_COMPLETE", properties=record.properties)


def is_in_template(stack: Stack, logical_id: str) -> bool:
    return logical_id in stack.template_dict["Resources"] and resources.is_wanted(stack.resource_map, logical_id)


def show_outputs(backend: Any, stack: Stack) -> None:
    stack.output_map = stack._create_output_map()
    mine = {export.name: export for export in stack.exports}
    for name in mine:
        if name in backend.exports and backend.exports[name].exporting_stack_id != stack.stack_id:
            raise ResourceFailure(f"Export with name {name} is already exported by another stack.", stack.name)
    backend.exports.update(mine)
    stack.shown_outputs = [
        {
            "OutputKey": output.key,
            "OutputValue": str(output.value),
            "Description": output.description,
            "ExportName": next((export.name for export in mine.values() if export.value == output.value), None),
        }
        for output in stack.output_map.values()
        if output
    ]


def set_status(stack: Stack, status: str, reason: str | None = None) -> None:
    stack.status, stack.status_reason = status, reason
    record_event(stack, stack.name, "AWS::CloudFormation::Stack", stack.stack_id, status, reason, None)


def tell(
    stack: Stack,
    logical_id: str,
    resource_type: str,
    physical_id: str,
    status: str,
    reason: str | None = None,
    properties: dict[str, Any] | None = None,
) -> None:
    record_event(stack, logical_id, resource_type, physical_id, status, reason, properties)


def record_event(
    stack: Stack,
    logical_id: str,
    resource_type: str,
    physical_id: str,
    status: str,
    reason: str | None,
    properties: dict[str, Any] | None,
) -> None:
    told = None if properties is None else json.dumps(properties)
    event = Event(stack.stack_id, stack.name, logical_id, physical_id, resource_type, status, reason, told)
    event.client_request_token = stack.token
    event.sendToSns(stack.account_id, stack.region_name, stack.notification_arns)
    stack.events.append(event)


def find(backend: Any, name_or_id: str) -> Stack | None:
    """By name only those that are there, by id also those that were."""
    deleted = backend.deleted_stacks.get(name_or_id)
    return deleted or next((each for each in backend.stacks.values() if name_or_id in (each.name, each.stack_id)), None)


def named(backend: Any, name_or_id: str) -> Stack:
    stack = find(backend, name_or_id)
    if stack is None:
        raise validation_error(f"Stack with id {name_or_id} does not exist")
    return stack
