"""Users. moto has create, describe and delete; added are ModifyUser, the rules of the service, and states that take
time."""

from typing import Any

from moto.elasticache.exceptions import UserNotFound
from moto.elasticache.models import User

from elasticache.access_strings import expand
from elasticache.errors import combination_error, error, identifier, value_error
from elasticache.state import page, state_of

ENGINES = ("redis", "valkey")
MOST_PASSWORDS = 2


def create(backend: Any, parameters: Any) -> User:
    user_id = identifier("UserId", parameters.get("UserId"), 40)
    if user_id in backend.users:
        # moto's message names a user1 whoever it is.
        raise error("UserAlreadyExists", f"User {user_id} already exists.")
    access_string = expand(parameters.get("AccessString"))
    authentication, passwords = authentication_of(parameters)
    if authentication == "iam" and parameters.get("UserName") != user_id:
        raise combination_error("User name and user id must be identical for users with IAM authentication.")
    user = backend.create_user(
        user_id=user_id,
        user_name=parameters.get("UserName"),
        engine=engine_of(parameters.get("Engine")),
        passwords=passwords,
        access_string=access_string,
        no_password_required=authentication == "no-password-required",
        authentication_type=authentication,
        tags=parameters.get("Tags"),
    )
    if user.engine == "valkey":
        user.minimum_engine_version = "7.2"
    return user


def modify(backend: Any, parameters: Any) -> User:
    user = user_to_change(backend, parameters.get("UserId"))
    if parameters.get("AccessString") and parameters.get("AppendAccessString"):
        raise combination_error("Only one of AccessString and AppendAccessString can be provided.")
    if parameters.get("AccessString"):
        user.access_string = expand(parameters.get("AccessString"))
    if parameters.get("AppendAccessString"):
        user.access_string = expand(f"{user.access_string} {parameters.get('AppendAccessString')}")
    if parameters.get("Passwords") or parameters.get("AuthenticationMode") or parameters.get("NoPasswordRequired"):
        user.authentication_type, user.passwords = authentication_of(parameters)
        user.no_password_required = user.authentication_type == "no-password-required"
    if parameters.get("Engine"):
        user.engine = engine_of(parameters.get("Engine"))
    user.status = "modifying"
    state_of(backend).changes.begin(user.arn, "modifying", lambda: set_status(user, "active"))
    return user


def delete(backend: Any, parameters: Any) -> User:
    user = user_to_change(backend, parameters.get("UserId"))
    groups = state_of(backend).user_groups
    if user.name == "default" and any(user.id in group.user_ids for group in groups.values()):
        raise error(
            "DefaultUserAssociatedToUserGroup",
            "User is associated to user group(s) as a default user and can't be deleted.",
        )
    for group in groups.values():
        group.drop(user.id)
    user.status = "deleting"
    state_of(backend).changes.begin(user.arn, "deleting", lambda: backend.users.pop(user.id, None))
    return user


def describe(backend: Any, parameters: Any) -> dict[str, Any]:
    """moto's own removes a user that is being deleted as soon as somebody looks at it."""
    user_id = parameters.get("UserId")
    users = [user_named(backend, user_id)] if user_id else list(backend.users.values())
    for user in users:
        user.user_group_ids = [
            group.id for group in state_of(backend).user_groups.values() if user.id in group.user_ids
        ]
    for wanted in parameters.get("Filters") or []:
        users = [user for user in users if matches(user, wanted["Name"], wanted["Values"])]
    return page(
        parameters, "Users", [user for user in users if parameters.get("Engine", user.engine).lower() == user.engine]
    )


def matches(user: User, name: str, values: list[str]) -> bool:
    match name:
        case "user-id":
            return user.id in values
        case "user-name":
            return user.name in values
        case "user-group-id":
            return any(group in values for group in user.user_group_ids)
    raise value_error(f"The filter {name} is not supported.")


def authentication_of(parameters: Any) -> tuple[str, list[str]]:
    mode = parameters.get("AuthenticationMode") or {}
    passwords = list(parameters.get("Passwords") or mode.get("Passwords") or [])
    if parameters.get("NoPasswordRequired"):
        if passwords:
            raise combination_error("No password required flag is true but a password was provided.")
        return "no-password-required", []
    kind = mode.get("Type") or ("password" if passwords else None)
    if kind is None:
        # The wording of the service.
        raise value_error(
            "No password was provided. If you want to create/update the user without password, please use the "
            "NoPasswordRequired flag."
        )
    if len(passwords) > MOST_PASSWORDS:
        raise value_error(f"A user can have at most {MOST_PASSWORDS} passwords.")
    if any(not 16 <= len(password) <= 128 for password in passwords):
        raise value_error("Passwords length must be between 16-128 characters.")
    return kind, passwords


def engine_of(given: str | None) -> str:
    engine = (given or "").lower()
    if engine not in ENGINES:
        raise value_error(f'Unknown parameter for Engine: "{given}", must be one of: {", ".join(ENGINES)}')
    return engine


def user_named(backend: Any, given: str | None) -> User:
    user = backend.users.get((given or "").lower())
    if user is None:
        raise UserNotFound(given or "")
    return user


def user_to_change(backend: Any, given: str | None) -> User:
    user = user_named(backend, given)
    if user.id == "default":
        raise value_error("User default is a service-managed user and cannot be modified or deleted.")
    if user.status != "active":
        raise error("InvalidUserState", f"User {user.id} is not in active state.")
    return user


def set_status(resource: Any, status: str) -> None:
    resource.status = status


OPERATIONS = {"create_user": create, "modify_user": modify, "delete_user": delete, "describe_users": describe}
