"""CloudFormation's operations on stacks and change sets, in front of moto's class."""

import re
from typing import Any
from urllib.parse import urlparse

from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.s3.models import s3_backends

from cloudformation import change_sets, stacks, templates
from cloudformation.errors import error, validation_error

STACK_NAME = re.compile(r"^[a-zA-Z][-a-zA-Z0-9]*$")
PAGE = 50


def create_stack(self: CloudFormationResponse) -> ActionResult:
    wanted = request_of(self, None)
    if self._get_param("DisableRollback") and self._get_param("OnFailure"):
        raise validation_error("You cannot specify both OnFailure and DisableRollback")
    stack = stacks.create(self.cloudformation_backend, wanted)
    return ActionResult({"StackId": stack.stack_id})


def update_stack(self: CloudFormationResponse) -> ActionResult:
    stack = existing(self)
    stacks.begin_update(self.cloudformation_backend, stack, request_of(self, stack))
    return ActionResult({"StackId": stack.stack_id})


def delete_stack(self: CloudFormationResponse) -> ActionResult:
    stack = stacks.find(self.cloudformation_backend, self._get_param("StackName"))
    retained = self._get_param("RetainResources", [])
    if stack is None or stack.status == "DELETE_COMPLETE":
        return EmptyResult()
    if retained and stack.status != "DELETE_FAILED":
        raise validation_error(
            "Invalid operation on stack. RetainResources can be specified for stacks in DELETE_FAILED state only."
        )
    stacks.begin_deletion(self.cloudformation_backend, stack, retained, self._get_param("ClientRequestToken"))
    return EmptyResult()


def update_termination_protection(self: CloudFormationResponse) -> ActionResult:
    stack = existing(self)
    stack.enable_termination_protection = bool(self._get_param("EnableTerminationProtection"))
    return ActionResult({"StackId": stack.stack_id})


def describe_stacks(self: CloudFormationResponse) -> ActionResult:
    name = self._get_param("StackName")
    backend = self.cloudformation_backend
    found = [stacks.named(backend, name)] if name else list(backend.stacks.values())
    start = int(self._get_param("NextToken") or 0)
    told: dict[str, Any] = {"Stacks": [stack_shape(each) for each in found[start : start + PAGE]]}
    if len(found) > start + PAGE:
        told["NextToken"] = str(start + PAGE)
    return ActionResult(told)


def stack_shape(stack: Any) -> dict[str, Any]:
    no_echo = [
        name
        for name, each in (stack.template_dict.get("Parameters") or {}).items()
        if str(each.get("NoEcho")).lower() == "true"
    ]
    told = {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "Description": stack.description,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": "****" if key in no_echo else parameter_text(value)}
            for key, value in stack.resource_map.resolved_parameters.items()
        ],
        "CreationTime": stack.creation_time,
        "LastUpdatedTime": getattr(stack, "last_updated_time", None),
        "DeletionTime": getattr(stack, "deletion_time", None),
        "StackStatus": stack.status,
        "StackStatusReason": stack.status_reason,
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": stack.notification_arns,
        "TimeoutInMinutes": stack.timeout_in_minutes,
        "Capabilities": stack.capabilities,
        "Outputs": stack.shown_outputs or None,
        "RoleARN": stack.role_arn,
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        "EnableTerminationProtection": stack.enable_termination_protection,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }
    return {key: value for key, value in told.items() if value is not None}


def parameter_text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def list_stacks(self: CloudFormationResponse) -> ActionResult:
    wanted = self._get_param("StackStatusFilter", [])
    backend = self.cloudformation_backend
    found = [*backend.stacks.values(), *backend.deleted_stacks.values()]
    found = [each for each in found if not wanted or each.status in wanted]
    start = int(self._get_param("NextToken") or 0)
    keys = (
        "StackId",
        "StackName",
        "CreationTime",
        "LastUpdatedTime",
        "DeletionTime",
        "StackStatus",
        "StackStatusReason",
        "DriftInformation",
    )
    shapes = [stack_shape(each) for each in found[start : start + 2 * PAGE]]
    told: dict[str, Any] = {"StackSummaries": [{key: each[key] for key in keys if key in each} for each in shapes]}
    if len(found) > start + 2 * PAGE:
        told["NextToken"] = str(start + 2 * PAGE)
    return ActionResult(told)


def describe_stack_resources(self: CloudFormationResponse) -> ActionResult:
    stack, logical_id = existing(self), self._get_param("LogicalResourceId")
    found = [each for each in stack.records.values() if logical_id in (None, each.logical_id)]
    return ActionResult(
        {"StackResources": [{**resource_shape(stack, each), "Timestamp": each.updated} for each in found]}
    )


def describe_stack_resource(self: CloudFormationResponse) -> ActionResult:
    stack, logical_id = existing(self), self._get_param("LogicalResourceId")
    record = stack.records.get(logical_id)
    if record is None:
        raise validation_error(f"Resource {logical_id} does not exist for stack {stack.name}")
    return ActionResult(
        {"StackResourceDetail": {**resource_shape(stack, record), "LastUpdatedTimestamp": record.updated}}
    )


def list_stack_resources(self: CloudFormationResponse) -> ActionResult:
    stack = existing(self)
    found = [{**resource_shape(stack, each), "LastUpdatedTimestamp": each.updated} for each in stack.records.values()]
    return ActionResult({"StackResourceSummaries": found + begun(stack)})


def begun(stack: Any) -> list[dict[str, Any]]:
    """Resources that are being made: CloudFormation lists them from when it has begun with them."""
    last = {event.logical_resource_id: event for event in stack.events if event.logical_resource_id != stack.name}
    return [
        {
            "LogicalResourceId": logical_id,
            "ResourceType": event.resource_type,
            "ResourceStatus": event.resource_status,
            "LastUpdatedTimestamp": event.timestamp,
        }
        for logical_id, event in last.items()
        if logical_id not in stack.records and event.resource_status == "CREATE_IN_PROGRESS"
    ]


def resource_shape(stack: Any, record: Any) -> dict[str, Any]:
    told = {
        "StackName": stack.name,
        "StackId": stack.stack_id,
        "LogicalResourceId": record.logical_id,
        "PhysicalResourceId": record.physical_id,
        "ResourceType": record.type,
        "ResourceStatus": record.status,
        "ResourceStatusReason": record.reason,
    }
    return {key: value for key, value in told.items() if value is not None}


def describe_stack_events(self: CloudFormationResponse) -> ActionResult:
    """Newest first, a hundred at once."""
    events = existing(self).events[::-1]
    start = int(self._get_param("NextToken") or 0)
    told: dict[str, Any] = {"StackEvents": events[start : start + 2 * PAGE]}
    if len(events) > start + 2 * PAGE:
        told["NextToken"] = str(start + 2 * PAGE)
    return ActionResult(told)


def get_template(self: CloudFormationResponse) -> ActionResult:
    return ActionResult({"TemplateBody": existing(self).template, "StagesAvailable": ["Original", "Processed"]})


def validate_template(self: CloudFormationResponse) -> ActionResult:
    """moto asks cfn-lint, whose warnings AWS does not have."""
    template = templates.parse(template_text(self, None))
    templates.check(template)
    needed = templates.needed_capability(template)
    return ActionResult(
        {
            "Description": template.get("Description", ""),
            "Parameters": [
                {
                    "ParameterKey": name,
                    "DefaultValue": None if "Default" not in each else templates.text_of(each["Default"]),
                    "NoEcho": str(each.get("NoEcho")).lower() == "true",
                    "Description": each.get("Description", ""),
                }
                for name, each in (template.get("Parameters") or {}).items()
            ],
            "Capabilities": [needed] if needed else [],
            "CapabilitiesReason": f"The following resource(s) require capabilities: [{needed}]" if needed else None,
            "DeclaredTransforms": [],
        }
    )


def create_change_set(self: CloudFormationResponse) -> ActionResult:
    kind = self._get_param("ChangeSetType") or "UPDATE"
    stack = stacks.find(self.cloudformation_backend, self._get_param("StackName"))
    if kind == "UPDATE" and stack is None:
        raise validation_error(f"Stack [{self._get_param('StackName')}] does not exist")
    wanted = request_of(self, stack if kind == "UPDATE" else None)
    name = self._get_param("ChangeSetName")
    if not STACK_NAME.match(name) or len(name) > 128:
        raise pattern_error("changeSetName", name)
    made = change_sets.create(self.cloudformation_backend, name, kind, wanted, self._get_param("Description"))
    return ActionResult({"Id": made.id, "StackId": made.stack.stack_id})


def describe_change_set(self: CloudFormationResponse) -> ActionResult:
    return ActionResult(change_sets.shape(asked_change_set(self)))


def list_change_sets(self: CloudFormationResponse) -> ActionResult:
    stack = existing(self)
    keys = (
        "StackId",
        "StackName",
        "ChangeSetId",
        "ChangeSetName",
        "ExecutionStatus",
        "Status",
        "StatusReason",
        "CreationTime",
        "Description",
    )
    found = [
        change_sets.shape(each) for each in self.cloudformation_backend.change_sets.values() if each.stack is stack
    ]
    return ActionResult({"Summaries": [{key: each[key] for key in keys if each[key] is not None} for each in found]})


def execute_change_set(self: CloudFormationResponse) -> ActionResult:
    change_sets.execute(self.cloudformation_backend, asked_change_set(self), self._get_param("ClientRequestToken"))
    return EmptyResult()


def delete_change_set(self: CloudFormationResponse) -> ActionResult:
    """One that is not there is as good as deleted."""
    backend = self.cloudformation_backend
    name, stack_name = self._get_param("ChangeSetName"), self._get_param("StackName")
    for made in list(backend.change_sets.values()):
        if made.id == name or (made.name == name and stack_name in (made.stack.name, made.stack.stack_id)):
            del backend.change_sets[made.id]
    return EmptyResult()


def asked_change_set(self: CloudFormationResponse) -> Any:
    return change_sets.named(
        self.cloudformation_backend, self._get_param("ChangeSetName"), self._get_param("StackName")
    )


# Requests


def request_of(self: CloudFormationResponse, stack: Any) -> dict[str, Any]:
    """What a create, an update or a change set asks for, checked against its template."""
    name = self._get_param("StackName")
    if stack is None and (not STACK_NAME.match(name) or len(name) > 128):
        raise pattern_error("stackName", name)
    text = template_text(self, stack)
    template = templates.parse(text)
    templates.check(template)
    parameters = parameters_of(self, stack)
    templates.check_parameters(template, parameters)
    capabilities = self._get_param("Capabilities", [])
    templates.check_capabilities(template, capabilities)
    tags = self._get_param("Tags")
    return {
        "name": name,
        "template": text,
        "parameters": parameters,
        "tags": {each["Key"]: each["Value"] for each in tags} if tags else (None if stack else {}),
        "notifications": self._get_param("NotificationARNs", []),
        "role": self._get_param("RoleARN"),
        "protected": self._get_param("EnableTerminationProtection"),
        "timeout": self._get_param("TimeoutInMinutes"),
        "policy": self._get_param("StackPolicyBody"),
        "capabilities": capabilities,
        "on_failure": "DO_NOTHING"
        if self._get_param("DisableRollback")
        else self._get_param("OnFailure") or "ROLLBACK",
        "token": self._get_param("ClientRequestToken"),
    }


def template_text(self: CloudFormationResponse, stack: Any) -> str:
    body, url = self._get_param("TemplateBody"), self._get_param("TemplateURL")
    if self._get_param("UsePreviousTemplate"):
        if body or url or stack is None:
            raise validation_error("You cannot specify both usePreviousTemplate and Template Body/Template URL.")
        return stack.template
    if bool(body) == bool(url):
        raise validation_error("Either Template URL or Template Body must be specified.")
    return body or from_s3(url, self.current_account, self.partition)


def from_s3(url: str, account: str, partition: str) -> str:
    """Both styles of addresses; moto takes an address by number for that of a bucket named 127."""
    parts = urlparse(url)
    host, path = parts.hostname or "", parts.path.lstrip("/")
    in_path = re.match(r"^(s3[.-].*amazonaws\.com|localhost|[\d.]+)$", host)
    bucket, key = path.split("/", 1) if in_path else (host.split(".")[0], path)
    try:
        found = s3_backends[account][partition].get_object(bucket, key)
    except Exception as wrong:
        raise validation_error(f"S3 error: {wrong}") from wrong
    if found is None:
        raise validation_error("S3 error: The specified key does not exist.")
    return found.value.decode()


def parameters_of(self: CloudFormationResponse, stack: Any) -> dict[str, str]:
    found = {}
    for each in self._get_param("Parameters", []):
        key = each["ParameterKey"]
        if not each.get("UsePreviousValue"):
            found[key] = each.get("ParameterValue", "")
        elif stack is None:
            raise validation_error(
                f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
            )
        elif key in stack.parameters:
            found[key] = stack.parameters[key]
    return found


def existing(self: CloudFormationResponse) -> Any:
    return stacks.named(self.cloudformation_backend, self._get_param("StackName"))


def pattern_error(what: str, value: str) -> Exception:
    return error(
        "ValidationError",
        f"1 validation error detected: Value '{value}' at '{what}' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
    )


OPERATIONS = {
    each.__name__: each
    for each in (
        create_change_set,
        create_stack,
        delete_change_set,
        delete_stack,
        describe_change_set,
        describe_stack_events,
        describe_stack_resource,
        describe_stack_resources,
        describe_stacks,
        execute_change_set,
        get_template,
        list_change_sets,
        list_stack_resources,
        list_stacks,
        update_stack,
        update_termination_protection,
        validate_template,
    )
}
