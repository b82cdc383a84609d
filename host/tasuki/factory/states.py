"""The states of a unit, in their order, and the causes by which one fails."""

STATES = (
    "detected",
    "identified",  # its serial is reserved
    "flashed",
    "self_tested",
    "keying",  # written before the hub is asked for a key: one that is found then is ours
    "keyed",
    "proved",
    "certified",  # written before the certificate is signed: what it says is fixed now
    "issued",
    "installed",
    "pinned",
    "calibrated",
    "locked",
    "labelled",
    "scanned",
    "done",
)
FAILED = "failed"
PLACE = {state: n for n, state in enumerate(STATES)}


def after(state: str) -> str:
    """The state that follows."""
    return STATES[PLACE[state] + 1]


# cause: what the operator does (also in words.py, in both languages)
REMOVE, RETRY, HOLD = "remove", "retry", "hold"

CAUSES = {
    "no_entropy": REMOVE,
    "development_hub": REMOVE,
    "cannot_lock": REMOVE,
    "not_blank": REMOVE,
    "locked_already": REMOVE,
    "wrong_product": REMOVE,
    "wrong_firmware": RETRY,
    "self_test": RETRY,
    "golden": RETRY,
    "bad_possession": REMOVE,
    "key_seen_before": HOLD,
    "key_changed": HOLD,
    "weak_key": REMOVE,
    "duplicate_hub": HOLD,
    "other_order": REMOVE,
    "swapped": RETRY,
    "wrong_certificate": HOLD,
    "wrong_authority": REMOVE,
    "no_constants": RETRY,
    "calibration": RETRY,
    "not_locked": REMOVE,
    "label_mismatch": RETRY,
    "no_scan": RETRY,
    "quota_used_up": HOLD,
    "refused": RETRY,
    "malformed": REMOVE,
    "schema_mismatch": RETRY,
    "silent": RETRY,
}
