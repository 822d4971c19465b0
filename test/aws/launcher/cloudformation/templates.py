"""Templates: read as CloudFormation reads them, checked before anything is made, and put into the order of making.

moto knows `!GetAtt` only with a dot and only with one, accepts any value for a parameter, answers 500 to a reference to
nothing, and skips resources of a type that it does not have: a stack is complete without them.
"""

import json
import re
from typing import Any

import yaml
from moto.cloudformation.parsing import NULL_MODELS, get_model_map

from cloudformation.errors import error, validation_error

PSEUDO = {
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
}
LONGEST_BODY = 51_200
IN_SUB = re.compile(r"\$\{(!?)([^}]*)\}")

#: Properties whose presence asks for CAPABILITY_NAMED_IAM.
NAMED = {"UserName", "RoleName", "GroupName", "ManagedPolicyName", "InstanceProfileName"}


class Loader(yaml.SafeLoader):
    """YAML with the short forms of the functions, and dates as text."""


def short_form(loader: Loader, suffix: str, node: Any) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", short_form)
Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse(text: str | dict[str, Any] | None) -> dict[str, Any]:
    """In long forms only: GetAtt as a list of two, Sub as Join."""
    if isinstance(text, dict):
        return text
    if not text:
        raise validation_error("Either Template URL or Template Body must be specified.")
    if len(text.encode()) > LONGEST_BODY:
        raise validation_error(
            f"1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {LONGEST_BODY}"
        )
    try:
        template = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, Loader)
    except ValueError as wrong:
        raise validation_error("Template format error: JSON not well-formed.") from wrong
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise validation_error(f"Template format error: YAML not well-formed.{where}") from wrong
    if not isinstance(template, dict):
        raise validation_error("Template format error: unsupported structure.")
    if not template.get("Resources"):
        raise validation_error("Template format error: At least one Resources member must be defined.")
    template = {key: value for key, value in template.items() if value is not None}
    return with_typed_defaults(long_forms(template))


def long_forms(node: Any) -> Any:
    if isinstance(node, list):
        return [long_forms(each) for each in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and "Fn::GetAtt" in node:
        wanted = node["Fn::GetAtt"]
        return {"Fn::GetAtt": wanted.split(".", 1) if isinstance(wanted, str) else [wanted[0], ".".join(wanted[1:])]}
    if len(node) == 1 and "Fn::Sub" in node:
        return substituted(node["Fn::Sub"])
    return {key: long_forms(value) for key, value in node.items()}


def substituted(argument: Any) -> dict[str, Any]:
    text, given = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])
    parts: list[Any] = []
    end = 0
    for match in IN_SUB.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        literal, name = match.groups()
        if literal:
            parts.append(f"${{{name}}}")
        elif name in given:
            parts.append(long_forms(given[name]))
        else:
            parts.append({"Fn::GetAtt": name.split(".", 1)} if "." in name else {"Ref": name})
    parts.append(text[end:])
    return {"Fn::Join": ["", [part for part in parts if part != ""]]}


def check(template: dict[str, Any]) -> None:
    """What CloudFormation says of a template before it knows parameters."""
    if "Transform" in template:
        # What a macro would have made of it would be missing, and nobody would know why.
        raise validation_error(f"Transform {template['Transform']} failed: the AWS of these tests carries out none")
    resources = template["Resources"]
    for name, resource in resources.items():
        if not isinstance(resource, dict) or "Type" not in resource:
            raise validation_error(
                f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
            )
    unknown = sorted({each["Type"] for each in resources.values()} - set(get_model_map()) - set(NULL_MODELS))
    unknown = [each for each in unknown if not each.startswith("Custom::")]
    if unknown:
        raise validation_error(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
    for block in ("Resources", "Outputs"):
        known = set(resources) | set(template.get("Parameters") or {}) | PSEUDO
        dangling = sorted(references(template.get(block) or {}) - known)
        if dangling:
            raise validation_error(
                f"Template format error: Unresolved resource dependencies [{', '.join(dangling)}] in the {block} block of the template"
            )
    order(resources)


def references(node: Any) -> set[str]:
    """The names that Ref, GetAtt and DependsOn ask for."""
    if isinstance(node, list):
        return set().union(*(references(each) for each in node))
    if not isinstance(node, dict):
        return set()
    found: set[str] = set()
    for key, value in node.items():
        if key == "Ref" and isinstance(value, str):
            found.add(value)
        elif key == "Fn::GetAtt":
            found.add(value[0])
        elif key == "DependsOn":
            found |= {value} if isinstance(value, str) else set(value)
        else:
            found |= references(value)
    return found


def order(resources: dict[str, Any]) -> list[str]:
    """Each after those that it refers to."""
    done: list[str] = []
    path: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in path:
            raise validation_error(f"Circular dependency between resources: [{', '.join(path[path.index(name) :])}]")
        path.append(name)
        for each in sorted(references(resources[name]) & set(resources)):
            visit(each)
        path.pop()
        done.append(name)

    for name in resources:
        visit(name)
    return done


def check_parameters(template: dict[str, Any], given: dict[str, str]) -> None:
    declared = template.get("Parameters") or {}
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise validation_error(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, each in declared.items() if name not in given and "Default" not in each]
    if missing:
        raise validation_error(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in given.items():
        check_parameter(name, declared[name], str(value))


def check_parameter(name: str, declared: dict[str, Any], value: str) -> None:
    said = declared.get("ConstraintDescription")
    allowed = [text_of(each) for each in declared.get("AllowedValues", [])]
    if allowed and value not in allowed:
        raise validation_error(
            f"Parameter '{name}' must be one of AllowedValues"
            if said is None
            else f"Parameter {name} failed to satisfy constraint: {said}"
        )
    pattern = declared.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        raise validation_error(
            f"Parameter {name} failed to satisfy constraint: {said or f'must match pattern {pattern}'}"
        )
    if declared.get("Type") == "Number":
        check_number(name, declared, value)
    if "MinLength" in declared and len(value) < int(declared["MinLength"]):
        raise validation_error(f"Parameter '{name}' must contain at least {declared['MinLength']} characters")
    if "MaxLength" in declared and len(value) > int(declared["MaxLength"]):
        raise validation_error(f"Parameter '{name}' must contain at most {declared['MaxLength']} characters")


def check_number(name: str, declared: dict[str, Any], value: str) -> None:
    try:
        number = float(value)
    except ValueError as wrong:
        raise validation_error(f"Parameter '{name}' must be a number.") from wrong
    if "MinValue" in declared and number < float(declared["MinValue"]):
        raise validation_error(f"Parameter '{name}' must be a number not less than {declared['MinValue']}")
    if "MaxValue" in declared and number > float(declared["MaxValue"]):
        raise validation_error(f"Parameter '{name}' must be a number not greater than {declared['MaxValue']}")


def text_of(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def with_typed_defaults(template: dict[str, Any]) -> dict[str, Any]:
    """Defaults as what is given is read: text, also where YAML has read a truth, and numbers, also where somebody
    quoted them."""
    for each in (template.get("Parameters") or {}).values():
        if "Default" in each:
            default = text_of(each["Default"])
            each["Default"] = number_of(default) if each.get("Type") == "Number" else default
    return template


def number_of(text: str) -> int | float:
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def check_capabilities(template: dict[str, Any], given: list[str]) -> None:
    needed = needed_capability(template)
    if needed is None or "CAPABILITY_NAMED_IAM" in given or needed in given:
        return
    raise error("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")


def needed_capability(template: dict[str, Any]) -> str | None:
    iam = [each for each in template["Resources"].values() if each["Type"].startswith("AWS::IAM::")]
    # What belongs to a user or role by name has no name of its own.
    named = [
        each
        for each in iam
        if each["Type"] not in ("AWS::IAM::AccessKey", "AWS::IAM::Policy") and NAMED & set(each.get("Properties") or {})
    ]
    return "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM" if iam else None
