"""Requests of the people whose data it is: what may be answered, and to whom (rules D-01 to D-06, R-02).

The decision only; the account page and the erasure act on it. Until the requester is verified every
request gets the same answer, whether or not there is such a person: even that would tell something.
"""

from dataclasses import dataclass

from tasuki.consent import reasons
from tasuki.consent.policy import Policy

INQUIRE, CORRECT, ERASE, CLOSE = KINDS = ("inquire", "correct", "erase", "close_account")
ACCOUNT_PAGE, CONTACT_FORM = CHANNELS = ("account_page", "contact_form")
TOPIC = "User information"

ANNOTATE, REPLACE = "annotate", "replace"
_RULE_OF = {INQUIRE: "D-01", CORRECT: "D-02", ERASE: "D-03", CLOSE: "D-04"}
_DAY_NS = 86_400 * 1_000_000_000


@dataclass(frozen=True)
class Request:
    """What somebody asks for.

    Attributes:
        kind: one of KINDS; channel: one of CHANNELS.
        subject: whose data.
        item: what to correct.
        topic: of the contact form.
        at_ns: when it came, Unix nanoseconds.
    """

    kind: str
    channel: str
    subject: str
    at_ns: int
    item: str = ""
    topic: str = ""


@dataclass(frozen=True)
class Verification:
    """Who was found to ask, how and by whom; never the document that was shown (D-06).

    Attributes:
        person: who asks.
        method, verifier: for example "session" and the account page, "passport" and a name.
        at_ns, until_ns: when it was made, and until when it may be relied on; Unix nanoseconds.
        agent_of: whom an agent asks for; empty when the person asks.
        authority: how the agent's authority was proved; empty when it was not.
    """

    person: str
    method: str
    verifier: str
    at_ns: int
    until_ns: int
    agent_of: str = ""
    authority: str = ""


@dataclass(frozen=True)
class Case:
    """An opened request: its id, queue, and when it must be answered, Unix nanoseconds."""

    id: str
    queue: str
    opened_ns: int
    due_ns: int


@dataclass(frozen=True)
class Ruling:
    """An answer that explains itself.

    Attributes:
        outcome: allow, hold (a case is open and waits) or deny.
        reason: stable code.
        rules: ids of the rules that decided.
        case: the case that was opened; every request has one, so that none is dropped.
        verification: what the answer rests on; None before it.
        form: for a correction, `replace` or `annotate` beside signed evidence.
    """

    outcome: str
    reason: str
    rules: tuple[str, ...]
    case: Case
    verification: Verification | None = None
    form: str = ""

    def remedy(self, language: str = "en") -> str:
        """What would change the answer, in `en` or `ja`."""
        return _REMEDIES[self.reason][language == "ja"]


_REMEDIES = {
    "answered": ("Nothing is missing.", "不足はありません。"),
    "topic_missing": (
        f'Choose the topic "{TOPIC}" on the contact form.',
        f"お問い合わせフォームで「{TOPIC}」を選択してください。",
    ),
    "not_verified": (
        "Verify that the requester is the person, or an agent.",
        "ご本人または代理人であることを確認してください。",
    ),
    "no_authority": ("The agent proves the authority to act.", "代理権を証明してください。"),
    "other_subject": ("Nobody gets another person's data.", "他の方の情報には応じられません。"),
    "unknown_item": ("Name an item of the policy.", "ポリシーに記載された項目を指定してください。"),
    "unknown_request": (
        f"Ask for one of {', '.join(KINDS)}.",
        "照会、修正、削除、退会のいずれかを選んでください。",
    ),
}


def decide(
    policy: Policy, request: Request, verification: Verification | None, case_id: str, at_ns: int
) -> Ruling:
    """What may be done with a request at `at_ns`; it has an open case whatever the answer is."""
    days = policy.duties["answer_requests"].days if "answer_requests" in policy.duties else 30
    case = Case(case_id, "privacy", request.at_ns, request.at_ns + days * _DAY_NS)
    own_rule = _RULE_OF.get(request.kind, "D-05")
    channel_rules = ("D-05", "R-02") if request.channel == CONTACT_FORM else ()
    if request.kind not in KINDS or request.channel not in CHANNELS:
        return Ruling(reasons.HOLD, "unknown_request", ("D-05", "R-02"), case)
    if request.channel == CONTACT_FORM and request.topic != TOPIC:
        return Ruling(reasons.HOLD, "topic_missing", ("R-02",), case)
    if verification is None or not verification.at_ns <= at_ns < verification.until_ns:
        return Ruling(reasons.HOLD, "not_verified", ("D-06", *channel_rules), case)
    if verification.agent_of and not verification.authority:
        return Ruling(reasons.DENY, "no_authority", ("D-06",), case, verification)
    if (verification.agent_of or verification.person) != request.subject:
        return Ruling(reasons.DENY, "other_subject", (own_rule, "D-06"), case, verification)
    form = ""
    if request.kind == CORRECT:
        item = policy.items.get(request.item)
        if item is None:
            return Ruling(reasons.DENY, "unknown_item", ("D-02", "G-01"), case, verification)
        form = ANNOTATE if item.type == "stream" else REPLACE
    return Ruling(reasons.ALLOW, "answered", (own_rule, "D-06", *channel_rules), case, verification, form)
