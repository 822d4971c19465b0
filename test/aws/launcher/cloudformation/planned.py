"""What an update would do, worked out without doing it: for change sets, and to notice that nothing would change."""

from dataclasses import dataclass
from typing import Any

from moto.cloudformation.parsing import ResourceMap, clean_json

from cloudformation import resources, templates


class Unmade:
    """Stands for a resource that will be made by the update: nobody knows its attributes yet."""

    def __init__(self, logical_id: str):
        self.physical_resource_id = f"{{known after apply: {logical_id}}}"

    def get_cfn_attribute(self, _: str) -> str:
        return self.physical_resource_id


@dataclass
class PlannedChange:
    action: str
    logical_id: str
    type: str
    physical_id: str | None
    #: Changed properties, and of those the ones that replace.
    changed: set[str]
    replacing: set[str]
    #: Changed properties whose new value is not known before the update.
    unknown: set[str]
    #: Of a removal: what becomes of the resource.
    policy: str | None

    @property
    def replacement(self) -> str | None:
        if self.action != "Modify":
            return None
        if not self.replacing:
            return "False"
        return "Conditional" if self.replacing <= self.unknown else "True"


class PlannedMap(ResourceMap):
    """moto's map makes what somebody looks at. This one does not."""

    def __getitem__(self, key: str) -> Any:
        if key in self._parsed_resources:
            return self._parsed_resources[key]
        if key not in self._resource_json_map:
            raise KeyError(key)
        return Unmade(key)


class Planned:
    def __init__(self, stack: Any, template: str, parameters: dict[str, str], tags: dict[str, str] | None):
        self.stack = stack
        self.template = templates.parse(template)
        self.map = PlannedMap(
            stack.stack_id,
            stack.name,
            parameters,
            stack.tags,
            account_id=stack.account_id,
            region_name=stack.region_name,
            template=self.template,
            cross_stack_resources=stack.cross_stack_resources,
        )
        aim(self.map, self.template, parameters, stack.tags if tags is None else tags)
        for name, record in stack.records.items():
            if record.resource is not None:
                self.map._parsed_resources[name] = record.resource

    def changes(self) -> list[PlannedChange]:
        found = []
        wanted = [name for name in templates.order(self.template["Resources"]) if resources.is_wanted(self.map, name)]
        for name in wanted:
            change = self.change_of(name)
            if change is not None:
                found.append(change)
            if change is not None and change.replacement == "True":
                # What refers to it will get another value.
                self.map._parsed_resources[name] = Unmade(name)
        for name, record in self.stack.records.items():
            if name not in wanted:
                policy = "Retain" if record.deletion_policy.startswith("Retain") else "Delete"
                found.append(
                    PlannedChange("Remove", name, record.type, record.physical_id, set(), set(), set(), policy)
                )
        return found

    def change_of(self, name: str) -> PlannedChange | None:
        resource_type = self.template["Resources"][name]["Type"]
        record = self.stack.records.get(name)
        if record is None:
            return PlannedChange("Add", name, resource_type, None, set(), set(), set(), None)
        properties = resources.properties_of(self.map, name)
        changed = {
            key for key in {*properties, *record.properties} if properties.get(key) != record.properties.get(key)
        }
        if not changed and resource_type == record.type:
            return None
        unknown = {key for key in changed if "{known after apply" in str(properties.get(key))}
        replacing = changed if resource_type != record.type else resources.must_be_replaced(record, changed)
        return PlannedChange("Modify", name, resource_type, record.physical_id, changed, replacing, unknown, None)

    def outputs_change(self) -> bool:
        outputs = self.template.get("Outputs") or {}
        shown = {each["OutputKey"]: each["OutputValue"] for each in self.stack.shown_outputs or []}
        planned = {
            name: str(clean_json(output.get("Value"), self.map))
            for name, output in outputs.items()
            if "Condition" not in output or self.map.lazy_condition_map[output["Condition"]]
        }
        return planned != shown


def aim(resource_map: Any, template: dict[str, Any], parameters: dict[str, str], tags: dict[str, str]) -> None:
    """moto's map of a stack reads another template from now on; what was made stays in it."""
    resource_map._template = template
    resource_map._resource_json_map = template["Resources"]
    resource_map.input_parameters = parameters
    resource_map.stack_tags = tags
    resource_map.resolved_parameters = {}
    resource_map.load_mapping()
    resource_map.load_parameters()
    resource_map.load_conditions()
