"""What can be done with user information: a closed list (rule G-05, section 1.3 of the policy)."""

from tasuki.consent.registers import INTERNAL, MODULE, PROCESSORS, STATISTICS_RELEASE, SUBJECT, THIRD_PARTY
from tasuki.errors import Refused

ACQUIRE, RECORD, USE, PROCESS, MANAGE, DELETE, ENTRUST, DISCLOSE = ACTIONS = (
    "acquire",
    "record",
    "use",
    "process",
    "manage",
    "delete",
    "entrust",
    "disclose",
)

# What sending something to a kind of destination is.
_SENDING = {
    INTERNAL: USE,
    **dict.fromkeys(PROCESSORS, ENTRUST),
    MODULE: DISCLOSE,
    THIRD_PARTY: DISCLOSE,
    SUBJECT: DISCLOSE,
    STATISTICS_RELEASE: DISCLOSE,
}


def check(action: str) -> str:
    """The action; Refused("unknown_action") when the list does not have it."""
    if action not in ACTIONS:
        raise Refused("unknown_action", f"{action!r} is no action", f"There are {', '.join(ACTIONS)}.")
    return action


def of_sending(kind: str) -> str:
    """The action that sending to a kind of destination is; Refused("unknown_action") for an unknown kind."""
    return check(_SENDING.get(kind, kind))
