"""What the service makes of a user's access string: it refuses some and completes the others."""

import re

from elasticache.errors import value_error

WORD = re.compile(
    r"^(on|off|reset|~\S+|%(R|W|RW)~\S+|&\S+|[+-]@?[a-z|_-]+|allkeys|allcommands|nocommands|resetkeys|allchannels|resetchannels|sanitize-payload|skip-sanitize-payload|clearselectors|\(.*\))$"
)
WRITTEN_OUT = {"allkeys": "~*", "allcommands": "+@all", "nocommands": "-@all", "allchannels": "&*"}


def expand(given: str | None) -> str:
    """As the service tells it back: off unless it says on, and without commands unless it names them."""
    words = [WRITTEN_OUT.get(word, word) for word in (given or "").split()]
    if not words:
        raise value_error("The parameter AccessString must be provided and must not be blank.")
    for word in words:
        # Passwords (>, <, #, !, nopass) have their own parameters.
        if not WORD.match(word):
            raise value_error(f"Access String contains an unsupported modifier: {word[:1]}.")
    if "on" not in words and "off" not in words:
        words.insert(0, "off")
    first = next((index for index, word in enumerate(words) if word[0] in "+-"), None)
    if first is None:
        words.append("-@all")
    elif words[first] not in ("+@all", "-@all"):
        words.insert(first, "-@all")
    return " ".join(words)
