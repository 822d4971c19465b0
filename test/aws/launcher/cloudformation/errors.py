"""Errors of CloudFormation by their code on the wire."""

from moto.cloudformation.exceptions import CloudFormationError


def error(code: str, message: str) -> CloudFormationError:
    return CloudFormationError(code, message)


def validation_error(message: str) -> CloudFormationError:
    return error("ValidationError", message)
