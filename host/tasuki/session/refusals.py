"""The way out of what a hub refuses, by command and reason (layout.ANSWERS)."""

_AGAIN = "It is at work; try again in a few seconds."
_ENROLL = "Run `tasuki hub enroll --port PORT` first."
_SIGNED = {
    "bad_signature": "Its image obeys another key; sign with the one whose public half it has.",
    "wrong_device": "This is for another board, or for another hub.",
    "stale_sequence": "It has this version or a later one; give a higher number.",
    "mismatch": "What arrived is not whole, or it has columns that the hub has not.",
}
_WAYS_OUT = {
    "enroll": {
        "already_pinned": "It obeys another host; `--repin` takes it over and destroys its key.",
        "not_allowed": "It is locked; `tasuki hub unlock` destroys its key and opens it.",
        "no_entropy": "Its board has no source of randomness to make a key of.",
    },
    "lock": {
        "not_allowed": "It is locked already, or its image cannot keep a key where no program reads it.",
        "no_key": _ENROLL,
        "no_authority": _ENROLL,
    },
    "order": {
        "not_allowed": "It is not locked.",
        "bad_signature": "It obeys another order key, or for a change of key another host.",
        "no_entropy": "Its board has no source of randomness to make a key of.",
        "no_key": _ENROLL,
        "busy": "It samples or works; try again when nothing runs on it.",
    },
    "blob_begin": {
        "busy": "It samples, or its newest version is on trial for ten seconds; try again then.",
        "not_allowed": "It is locked, or its board takes nothing of this kind.",
        "no_key": _ENROLL,
    },
    "blob_end": _SIGNED,
}
_ALWAYS = {
    "busy": _AGAIN,
    "full": "Its flash is full or fails, or this is too large for it.",
    "no_token": "It samples for nobody now; `tasuki run` or `tasuki record` gives it a token.",
}


def way_out(command: str, reason: str) -> str:
    """A sentence that can follow "the hub refuses COMMAND: REASON"; empty when none is known."""
    return _WAYS_OUT.get(command, {}).get(reason) or _ALWAYS.get(reason, "")
