"""User groups, which moto lacks wholly."""

from dataclasses import dataclass, field
from typing import Any

from elasticache.errors import error, identifier, value_error
from elasticache.state import page, state_of
from elasticache.users import engine_of, user_named

MOST_USERS = 100


@dataclass
class UserGroup:
    id: str
    engine: str
    user_ids: list[str]
    arn: str
    status: str = "creating"
    to_add: list[str] = field(default_factory=list)
    to_remove: list[str] = field(default_factory=list)
    replication_groups: list[str] = field(default_factory=list)

    @property
    def pending_changes(self) -> dict[str, list[str]] | None:
        if not self.to_add and not self.to_remove:
            return None
        return {"UserIdsToAdd": self.to_add, "UserIdsToRemove": self.to_remove}

    @property
    def minimum_engine_version(self) -> str:
        return "7.2" if self.engine == "valkey" else "6.0"

    def drop(self, user_id: str) -> None:
        self.user_ids = [each for each in self.user_ids if each != user_id]

    def activate(self) -> None:
        self.user_ids = [user for user in self.user_ids if user not in self.to_remove] + self.to_add
        self.to_add, self.to_remove = [], []
        self.status = "active"


def create(backend: Any, parameters: Any) -> UserGroup:
    groups = state_of(backend).user_groups
    group_id = identifier("UserGroupId", parameters.get("UserGroupId"), 40)
    if group_id in groups:
        raise error("UserGroupAlreadyExists", f"User group {group_id} already exists.")
    engine = engine_of(parameters.get("Engine"))
    user_ids = [each.lower() for each in parameters.get("UserIds") or []]
    check_members(backend, engine, user_ids)
    arn = f"arn:{backend.partition}:elasticache:{backend.region_name}:{backend.account_id}:usergroup:{group_id}"
    group = UserGroup(group_id, engine, user_ids, arn)
    groups[group_id] = group
    if parameters.get("Tags"):
        backend.tagging_service.tag_resource(arn, parameters.get("Tags"))
    begin(backend, group, "creating", group.activate)
    return group


def modify(backend: Any, parameters: Any) -> UserGroup:
    group = active_group(backend, parameters.get("UserGroupId"))
    to_add = [each.lower() for each in parameters.get("UserIdsToAdd") or []]
    to_remove = [each.lower() for each in parameters.get("UserIdsToRemove") or []]
    if not to_add and not to_remove and not parameters.get("Engine"):
        raise value_error("At least one of UserIdsToAdd, UserIdsToRemove and Engine must be provided.")
    for user_id in to_add:
        if user_id in group.user_ids:
            raise value_error(f"User {user_id} is already a member of user group {group.id}.")
    for user_id in to_remove:
        if user_id not in group.user_ids:
            raise error("UserNotFound", f"User {user_id} is not a member of user group {group.id}.")
    engine = engine_of(parameters.get("Engine")) if parameters.get("Engine") else group.engine
    check_members(backend, engine, [each for each in group.user_ids if each not in to_remove] + to_add)
    group.engine, group.to_add, group.to_remove, group.status = engine, to_add, to_remove, "modifying"
    begin(backend, group, "modifying", group.activate)
    return group


def delete(backend: Any, parameters: Any) -> UserGroup:
    group = active_group(backend, parameters.get("UserGroupId"))
    if group.replication_groups:
        attached = ", ".join(group.replication_groups)
        raise error(
            "InvalidUserGroupState", f"User group {group.id} is associated with replication group(s) {attached}."
        )
    group.status = "deleting"
    begin(backend, group, "deleting", lambda: state_of(backend).user_groups.pop(group.id, None))
    return group


def describe(backend: Any, parameters: Any) -> dict[str, Any]:
    given = parameters.get("UserGroupId")
    found = [group_named(backend, given)] if given else list(state_of(backend).user_groups.values())
    return page(parameters, "UserGroups", found)


def check_members(backend: Any, engine: str, user_ids: list[str]) -> None:
    """The rules are about user names: ids are free."""
    users = [user_named(backend, user_id) for user_id in user_ids]
    for user in users:
        if user.status == "deleting":
            raise error("InvalidUserState", f"User {user.id} is not in active state.")
        if engine == "valkey" and user.no_password_required:
            raise error(
                "InvalidParameterCombination", f"User {user.id} of a valkey user group needs a password or IAM."
            )
    names = [user.name for user in users]
    if engine == "redis" and "default" not in names:
        raise error("DefaultUserRequired", "User group needs to contain a user with the user name default.")
    if len(set(names)) < len(names):
        raise error("DuplicateUserName", "User group cannot contain users with the same user name.")
    if len(users) > MOST_USERS:
        raise error("UserQuotaExceeded", f"A user group cannot have more than {MOST_USERS} users.")


def group_named(backend: Any, given: str | None) -> UserGroup:
    group = state_of(backend).user_groups.get((given or "").lower())
    if group is None:
        raise error("UserGroupNotFound", f"User group {given} not found.")
    return group


def active_group(backend: Any, given: str | None) -> UserGroup:
    group = group_named(backend, given)
    if group.status != "active":
        raise error("InvalidUserGroupState", f"User group {group.id} is not in active state.")
    return group


def begin(backend: Any, group: UserGroup, kind: str, finish: Any) -> None:
    state_of(backend).changes.begin(group.arn, kind, finish)


OPERATIONS = {
    "create_user_group": create,
    "modify_user_group": modify,
    "delete_user_group": delete,
    "describe_user_groups": describe,
}
