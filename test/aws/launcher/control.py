"""The launcher's own paths, beside moto's /moto-api/: what tests set, and what AWS would never tell.

POST /larder/times     {"creating": 500, ...}      milliseconds by kind of change
POST /larder/failures  [{"operation": ..}, ...]     replaces the list
GET  /larder/failures                               what is left of it
GET  /larder/secrets?account=..&region=..           passwords of users and tokens of groups, which AWS never returns
"""

import json
from typing import Any
from urllib.parse import parse_qs

from moto.cloudformation.models import cloudformation_backends
from moto.elasticache.models import elasticache_backends

from cloudformation.stacks import changes_of
from elasticache.state import state_of
from endpoint_state import FAILING, FAILURES, LOCK, TIMES, Failure

PREFIX = "/larder/"


class Control:
    """WSGI: answers the launcher's own paths, hands on the rest."""

    def __init__(self, application: Any) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        with LOCK:
            settle()
        if not path.startswith(PREFIX):
            return self.application(environ, start_response)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.loads(environ["wsgi.input"].read(length) or b"null")
        query = {key: values[0] for key, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        try:
            with LOCK:
                answer, status = answer_to(environ["REQUEST_METHOD"], path.removeprefix(PREFIX), query, body), "200 OK"
        except (ValueError, TypeError) as wrong:
            answer, status = str(wrong), "400 Bad Request"
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]


def settle() -> None:
    """Ends what is over before anybody looks, whichever service they ask: a queue of a stack is there when its time
    has come."""
    for account in list(cloudformation_backends.values()):
        for backend in list(account.values()):
            changes_of(backend).settle()
    for account in list(elasticache_backends.values()):
        for backend in list(account.values()):
            state_of(backend).changes.settle()


def answer_to(method: str, path: str, query: dict[str, str], body: Any) -> Any:
    match (method, path):
        case ("POST", "times"):
            unknown = set(body) - set(TIMES)
            if unknown:
                raise ValueError(f"no such kind of change: {', '.join(sorted(unknown))}")
            TIMES.update(body)
            return TIMES
        case ("POST", "failures"):
            FAILURES[:] = [Failure(**each) for each in body]
            unknown = {failure.operation for failure in FAILURES} - FAILING
            if unknown:
                FAILURES.clear()
                raise ValueError(
                    f"nothing can be made to fail in {', '.join(sorted(unknown))}, only in {', '.join(sorted(FAILING))}"
                )
            return None
        case ("GET", "failures"):
            return [failure.__dict__ for failure in FAILURES if failure.times > 0]
        case ("GET", "secrets"):
            return secrets(query["account"], query["region"])
    raise ValueError(f"no such path: {method} {PREFIX}{path}")


def secrets(account: str, region: str) -> dict[str, Any]:
    backend = elasticache_backends[account][region]
    return {
        "passwords": {user.id: user.passwords for user in backend.users.values()},
        "authTokens": {
            group.replication_group_id: group.auth_tokens
            for group in backend.replication_groups.values()
            if getattr(group, "auth_tokens", None)
        },
    }
