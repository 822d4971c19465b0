"""Errors of the service by their code on the wire; the status comes from the model of the SDK."""

import re

from moto.elasticache.exceptions import ElastiCacheException

IDENTIFIER = re.compile(r"^[a-z](-?[a-z0-9])*$")


def error(code: str, message: str) -> ElastiCacheException:
    return ElastiCacheException(code, message)


def value_error(message: str) -> ElastiCacheException:
    return error("InvalidParameterValue", message)


def combination_error(message: str) -> ElastiCacheException:
    return error("InvalidParameterCombination", message)


def identifier(name: str, given: str | None, longest: int) -> str:
    """An id as the service stores it: lower case, begun by a letter, no hyphen at the end or twice in a row."""
    lower = (given or "").lower()
    if len(lower) > longest or not IDENTIFIER.match(lower):
        raise value_error(
            f"The parameter {name} is not a valid identifier. Identifiers must begin with a letter; must contain only "
            "ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
        )
    return lower
