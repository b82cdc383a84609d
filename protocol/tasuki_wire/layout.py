"""Every table of the wire, declared once.

The hub builds struct formats from these rows, the host builds construct
parsers, the C header and the tables of SPEC.md are generated from them.
The file keeps to the Python that MicroPython and CPython share.

A field is (name, code, count, unit, scale, meaning):

  code   B H I  unsigned, 1 2 4 bytes       b h i  signed, 1 2 4 bytes
         T      device time in microseconds: two u32 below 2**30, high first
         s      bytes; count 0 means all that is left

Numbers are little-endian. A physical value is raw / scale, in unit; scale is
an integer, because interpreters disagree about the last digit of a float.
"""

from tasuki_wire.constant import const

# Major: a reader of another major cannot read it. Minor: fields or kinds were
# added; a host reads its own minor and the one before.
WIRE_MAJOR = 1
WIRE_MINOR = 0
VERSION = (WIRE_MAJOR << 4) | WIRE_MINOR
OLDEST_VERSION = VERSION

WORD = 1 << 30  # above it a small int of a 32-bit board becomes a heap object
MAX_SEQ = WORD - 1

HEADER = (
    ("version", "B", 1, "", 1, "wire version: major in the high, minor in the low 4 bits"),
    ("kind", "B", 1, "", 1, "which message this is"),
    ("stream", "B", 1, "", 1, "0 to 14 for samples, 255 for link messages"),
    ("flags", "B", 1, "", 1, "bit 0: packed payload; every other bit is 0"),
    ("seq", "I", 1, "", 1, "counts from 0 per stream and boot, below 2**30"),
    ("time", "T", 1, "us", 1, "device time of the first sample"),
)
HEADER_SIZE = 16
CRC_SIZE = 4
MAX_FRAME = 254  # header, payload and CRC; COBS then adds exactly one byte
MAX_PAYLOAD = MAX_FRAME - HEADER_SIZE - CRC_SIZE

FLAG_PACKED = 1
KNOWN_FLAGS = FLAG_PACKED
# Kinds whose frames may have FLAG_PACKED: all their fields are i16.
PACKED_KINDS = (1, 2, 4, 5)

LINK_STREAM = 255
STREAMS = 15
SLOTS = 16
META_SLOT = 15

MAX_MESSAGE = 4096  # what fragments may add up to
MAX_BLOCK_FRAMES = 1024
MAX_BLOCK_US = 8_000_000
DEFAULT_EPOCH_US = 4_000_000

SECRET_SIZE = 16
KEY_SIZE = 16
NODE_SIZE = 24
SIGNATURE_SIZE = 64
ID_SIZE = 8

# How the payload of a kind is laid out.
SAMPLES = const(0)  # 1 to max records, the count follows from the length
ONE = const(1)  # head, then any number of rows
FRAGMENTS = const(2)  # FRAGMENT; the assembled message is head, then any number of rows

FRAGMENT = (
    ("message", "H", 1, "", 1, "same for all fragments of one message"),
    ("index", "B", 1, "", 1, "from 0"),
    ("total", "B", 1, "", 1, "fragments in this message"),
    ("bytes", "s", 0, "", 1, "this part of the message"),
)
FRAGMENT_SIZE = 4
MAX_FRAGMENT = MAX_PAYLOAD - FRAGMENT_SIZE
MAX_FRAGMENTS = (MAX_MESSAGE + MAX_FRAGMENT - 1) // MAX_FRAGMENT

# One stream of one epoch, as the epoch's tree holds it.
ENTRY = const(
    (
        ("stream", "B", 1, "", 1, "stream number, also its slot"),
        ("kind", "B", 1, "", 1, "kind of all its frames"),
        ("first_seq", "I", 1, "", 1, "seq of the first frame"),
        ("count", "H", 1, "", 1, "frames in the block"),
        ("t0", "T", 1, "us", 1, "device time of the first sample"),
        ("t1", "T", 1, "us", 1, "device time of the last sample"),
        ("root", "s", 24, "", 1, "root of the frame leaves"),
    )
)
ENTRY_SIZE = 48

META = (
    ("reason", "B", 1, "", 1, "why the epoch was closed: CLOSE_REASONS"),
    ("items", "H", 1, "", 1, "consent bits in force"),
    ("calibration", "H", 1, "", 1, "version of the calibration constants, 0 none"),
    ("extension", "s", 11, "", 1, "zero; later minors may use it"),
)
META_SIZE = 16

CLOSE_REASONS = ("length", "token", "narrow", "stop", "alarm", "full", "link")

_ID = const(("id", "H", 1, "", 1, "chosen by the host, echoed in the answer"))

_RECORD = const(
    (
        ("wire", "B", 1, "", 1, "wire version"),
        ("device", "s", 8, "", 1, "device id"),
        ("key", "s", 8, "", 1, "key id: SHA-256 of the public key, first 8 bytes"),
        ("session", "I", 1, "", 1, "session counter, raised once a boot"),
        ("epoch", "I", 1, "", 1, "counts from 0 in the session"),
        ("prev", "s", 32, "", 1, "SHA-256 of the previous record with its signature, or zeros"),
        ("token", "s", 16, "", 1, "SHA-256 of the consent token, first 16 bytes"),
        ("root", "s", 24, "", 1, "root of the 16 slot leaves"),
        ("signature", "s", 64, "", 1, "Ed25519 over domain `epoch` and the fields above"),
    )
)

TOKEN = (
    ("format", "B", 1, "", 1, "1"),
    ("authority", "s", 8, "", 1, "key id of the consent authority"),
    ("device", "s", 8, "", 1, "the one hub it is for"),
    ("binding", "s", 16, "", 1, "wearer binding"),
    ("items", "H", 1, "", 1, "consent bits: what may be sampled"),
    ("sequence", "I", 1, "", 1, "strictly rising per hub"),
    ("nonce", "s", 16, "", 1, "boot nonce from the hello"),
    ("lifetime", "I", 1, "s", 1, "seconds of device time from acceptance"),
    ("policy", "s", 32, "", 1, "SHA-256 of the policy"),
    ("storage", "s", 32, "", 1, "X25519 public key for stored epochs, or zeros"),
    ("signature", "s", 64, "", 1, "Ed25519 over domain `token` and the fields above"),
)
TOKEN_FORMAT = 1
MAX_LIFETIME_S = 86_400

ORDER = (
    ("format", "B", 1, "", 1, "1"),
    ("action", "B", 1, "", 1, "ORDERS"),
    ("device", "s", 8, "", 1, "the one hub it is for"),
    ("nonce", "s", 16, "", 1, "boot nonce from the hello"),
    (
        "signature",
        "s",
        64,
        "",
        1,
        "Ed25519 over domain `order` and the fields above, by whom the action says",
    ),
)
ORDER_FORMAT = 1

# Blob `calibration`: head, rows, then the order key's Ed25519 signature over
# domain `calibration` and all before it. Of a column: (raw - offset) * gain.
CALIBRATION = (
    ("format", "B", 1, "", 1, "1"),
    ("device", "s", 8, "", 1, "the one hub it is for"),
    ("version", "H", 1, "", 1, "above 0; goes into each epoch's meta entry"),
)
CALIBRATION_ROW = (
    ("stream", "B", 1, "", 1, ""),
    ("column", "B", 1, "", 1, "of the stream's record, from 0"),
    ("offset", "h", 1, "raw", 1, "taken off first"),
    ("gain", "H", 1, "", 16384, "multiplies the rest"),
)
CALIBRATION_FORMAT = 1

# (kind, name, item, mode, head, rows). Item None: a link message, used and
# dropped on the host. A kind number is never used again for something else.
MESSAGES = (
    # The hello never changes but by appending to its end, so that any two
    # versions can say why they do not understand each other.
    (
        0,
        "hello",
        None,
        ONE,
        (
            ("nonce", "s", 16, "", 1, "boot nonce, random"),
            ("flags", "B", 1, "", 1, "HELLO_FLAGS"),
            ("count", "B", 1, "", 1, "how many rows follow"),
        ),
        (
            ("kind", "B", 1, "", 1, "a kind the hub speaks"),
            ("seed", "I", 1, "", 1, "its CRC seed"),
        ),
    ),
    (1, "ecg", "ecg", SAMPLES, (), (("ecg", "h", 1, "uV", 1, "electrode voltage, referred to input"),)),
    (
        2,
        "respiration",
        "respiration",
        SAMPLES,
        (),
        (("respiration", "h", 1, "count", 1, "chest strain or impedance, any scale; rises on inspiration"),),
    ),
    (
        3,
        "body_temperature",
        "body_temperature",
        SAMPLES,
        (),
        (("temperature", "h", 1, "degC", 128, "skin temperature, TMP117 register format"),),
    ),
    (
        4,
        "imu",
        "body_motion",
        SAMPLES,
        (),
        (
            ("accel", "h", 3, "g", 2048, "specific force x y z"),
            ("gyro", "h", 3, "deg/s", 16, "angular rate x y z"),
        ),
    ),
    (
        5,
        "strain",
        "body_motion",
        SAMPLES,
        (),
        (("strain", "h", 14, "count", 1, "one scan over the garment's strain channels"),),
    ),
    (
        6,
        "subjective",
        "subjective",
        SAMPLES,
        (),
        (
            ("question", "H", 1, "", 1, "number of the question"),
            ("rating", "h", 1, "", 1, "the wearer's answer"),
        ),
    ),
    (
        7,
        "device_status",
        "device_status",
        SAMPLES,
        (),
        (
            ("battery", "H", 1, "mV", 1, "cell voltage, 0 where not measured"),
            ("power", "B", 1, "", 1, "POWER_STATES"),
            ("power_reason", "B", 1, "", 1, "POWER_REASONS: why it came to that"),
            ("reset_cause", "B", 1, "", 1, "RESET_CAUSES"),
            ("overruns", "I", 1, "samples", 1, "lost in the sampling rings since boot"),
            ("dropped", "I", 1, "frames", 1, "lost before the link took them, since boot"),
            ("damaged", "I", 1, "frames", 1, "received with errors, since boot"),
            ("unsigned", "I", 1, "epochs", 1, "given up because the signer was behind, since boot"),
            ("store_lost", "I", 1, "epochs", 1, "given up by the full store, since boot"),
            ("heap_free", "I", 1, "bytes", 1, ""),
        ),
    ),
    (
        8,
        "log",
        "device_status",
        SAMPLES,
        (),
        (
            ("level", "B", 1, "", 1, "10 debug, 20 info, 30 warning, 40 error"),
            ("text", "s", 0, "", 1, "UTF-8; a frame holds one line"),
        ),
    ),
    (
        9,
        "stream_status",
        "device_status",
        SAMPLES,
        (),
        (
            ("stream", "B", 1, "", 1, "which stream this is about; one after another"),
            ("state", "B", 1, "", 1, "STREAM_STATES"),
            ("period", "I", 1, "us", 16, "measured time between records since the last report, 0 unknown"),
            (
                "jitter",
                "I",
                1,
                "us",
                1,
                "longest that a record waited past its due time since the last report",
            ),
            ("late", "I", 1, "records", 1, "taken after their deadline, since boot"),
            ("overruns", "I", 1, "records", 1, "lost in the part or in the ring, since boot"),
        ),
    ),
    (32, "epoch_record", None, ONE, _RECORD, ()),
    (
        33,
        "opening",
        None,
        FRAGMENTS,
        (
            ("session", "I", 1, "", 1, "session counter"),
            ("epoch", "I", 1, "", 1, "epoch number"),
            ("secret", "s", 16, "", 1, "epoch secret; the 16 slot keys follow from it"),
        )
        + META,
        ENTRY,
    ),
    (
        34,
        "stored_epoch",
        None,
        FRAGMENTS,
        (
            ("session", "I", 1, "", 1, "session counter"),
            ("epoch", "I", 1, "", 1, "epoch number"),
            ("part", "B", 1, "", 1, "from 0"),
            ("parts", "B", 1, "", 1, "parts of this epoch"),
            ("sealed_box", "s", 0, "", 1, "libsodium sealed box to the host storage key"),
        ),
        (),
    ),
    (
        35,
        "leaf_hashes",
        None,
        FRAGMENTS,
        (
            ("id", "H", 1, "", 1, "of the request"),
            ("epoch", "I", 1, "", 1, "epoch number"),
            ("stream", "B", 1, "", 1, ""),
            ("first", "H", 1, "", 1, "index of the first leaf"),
        ),
        (("leaf", "s", 24, "", 1, "frame leaf"),),
    ),
    (48, "hello_request", None, ONE, (_ID,), ()),
    (49, "identify", None, ONE, (_ID,), ()),
    (
        50,
        "identity",
        None,
        ONE,
        (
            _ID,
            ("device", "s", 8, "", 1, "device id"),
            ("key", "s", 8, "", 1, "key id, zeros without a key"),
            ("public", "s", 32, "", 1, "Ed25519 public key, zeros without a key"),
            ("authority", "s", 8, "", 1, "key id of the pinned consent authority, or zeros"),
            ("life", "B", 1, "", 1, "LIFE_CYCLE"),
            ("counter", "I", 1, "", 1, "version counter of the running bundle, 0 for the image's own files"),
            ("sequence", "I", 1, "", 1, "highest token sequence accepted"),
            ("firmware", "s", 16, "", 1, "ASCII, padded with zeros"),
            ("board", "s", 16, "", 1, "ASCII, padded with zeros"),
        ),
        (),
    ),
    (51, "describe", None, ONE, (_ID,), ()),
    (
        52,
        "streams",
        None,
        ONE,
        (_ID,),
        (
            ("stream", "B", 1, "", 1, ""),
            ("kind", "B", 1, "", 1, ""),
            ("site", "B", 1, "", 1, "SITES"),
            ("per_frame", "B", 1, "", 1, "records in a full frame"),
            ("period", "I", 1, "us", 1, "nominal time between records"),
        ),
    ),
    (
        53,
        "time_request",
        None,
        ONE,
        (
            _ID,
            ("t1", "T", 1, "us", 1, "host time at sending"),
        ),
        (),
    ),
    (
        54,
        "time_answer",
        None,
        ONE,
        (
            _ID,
            ("t1", "T", 1, "us", 1, "echo of the request"),
            ("rx", "T", 1, "us", 1, "device time of its arrival"),
            ("tx", "T", 1, "us", 1, "device time of this answer"),
        ),
        (),
    ),
    (
        55,
        "enroll",
        None,
        ONE,
        (
            _ID,
            ("authority", "s", 32, "", 1, "Ed25519 public key of the consent authority"),
            ("challenge", "s", 32, "", 1, "random"),
            ("repin", "B", 1, "", 1, "1 replaces a pinned authority and destroys the device key"),
        ),
        (),
    ),
    (
        56,
        "enrolled",
        None,
        ONE,
        (
            _ID,
            ("device", "s", 8, "", 1, "device id"),
            ("public", "s", 32, "", 1, "Ed25519 public key, born on the hub"),
            (
                "signature",
                "s",
                64,
                "",
                1,
                "Ed25519 over domain `possession`: challenge, authority, device, public",
            ),
        ),
        (),
    ),
    (57, "token", None, ONE, (_ID,) + TOKEN, ()),
    (
        58,
        "token_answer",
        None,
        ONE,
        (
            _ID,
            ("status", "B", 1, "", 1, "ANSWERS"),
            ("items", "H", 1, "", 1, "consent bits now in force"),
            ("session", "I", 1, "", 1, "session counter"),
            ("epoch", "I", 1, "", 1, "first epoch under this token"),
            ("time", "T", 1, "us", 1, "device time from which it holds"),
        ),
        (),
    ),
    (
        59,
        "narrow",
        None,
        ONE,
        (
            _ID,
            ("items", "H", 1, "", 1, "consent bits to keep"),
        ),
        (),
    ),
    (60, "start", None, ONE, (_ID,), ()),
    (61, "stop", None, ONE, (_ID,), ()),
    (
        62,
        "resend",
        None,
        ONE,
        (
            _ID,
            ("stream", "B", 1, "", 1, ""),
            ("first_seq", "I", 1, "", 1, ""),
            ("count", "H", 1, "", 1, "frames wanted"),
        ),
        (),
    ),
    (
        63,
        "leaves_request",
        None,
        ONE,
        (
            _ID,
            ("epoch", "I", 1, "", 1, ""),
            ("stream", "B", 1, "", 1, ""),
            ("first", "H", 1, "", 1, "index of the first leaf wanted"),
            ("count", "H", 1, "", 1, ""),
        ),
        (),
    ),
    (
        64,
        "epoch_request",
        None,
        ONE,
        (
            _ID,
            ("epoch", "I", 1, "", 1, "whose record and opening are wanted"),
        ),
        (),
    ),
    (
        65,
        "ack",
        None,
        ONE,
        (
            ("session", "I", 1, "", 1, ""),
            ("epoch", "I", 1, "", 1, "stored durably; never answered"),
        ),
        (),
    ),
    (66, "status_request", None, ONE, (_ID,), ()),
    (
        67,
        "status",
        None,
        ONE,
        (
            _ID,
            ("state", "B", 1, "", 1, "HUB_STATES"),
            ("items", "H", 1, "", 1, "consent bits now in force"),
            ("session", "I", 1, "", 1, "session counter, 0 before the first epoch"),
            ("epoch", "I", 1, "", 1, "open epoch"),
            ("remaining", "I", 1, "s", 1, "until the token ends"),
            ("stored", "H", 1, "epochs", 1, "kept for a host that was not there"),
        ),
        (),
    ),
    (68, "maintenance", None, ONE, (_ID,), ()),
    (
        69,
        "answer",
        None,
        ONE,
        (
            _ID,
            ("command", "B", 1, "", 1, "kind of the command"),
            ("status", "B", 1, "", 1, "ANSWERS"),
            ("count", "H", 1, "", 1, "what the command counts, else 0"),
        ),
        (),
    ),
    # A blob is what exceeds a frame on the way to the hub; it counts once it
    # is whole and its signature holds.
    (
        70,
        "blob_begin",
        None,
        ONE,
        (
            _ID,
            ("blob", "B", 1, "", 1, "BLOBS"),
            ("size", "I", 1, "bytes", 1, ""),
            ("sha256", "s", 32, "", 1, "of all of it"),
        ),
        (),
    ),
    (
        71,
        "blob_data",
        None,
        ONE,
        (
            _ID,
            ("offset", "I", 1, "bytes", 1, "where this part belongs; in order"),
            ("bytes", "s", 0, "", 1, "this part of the blob"),
        ),
        (),
    ),
    (72, "blob_end", None, ONE, (_ID,), ()),
    (73, "reboot", None, ONE, (_ID,), ()),
    (
        74,
        "lock",
        None,
        ONE,
        (
            _ID,
            ("device", "s", 8, "", 1, "the hub that is meant"),
        ),
        (),
    ),
    (75, "order", None, ONE, (_ID,) + ORDER, ()),
    (
        76,
        "stored_ack",
        None,
        ONE,
        (
            ("session", "I", 1, "", 1, ""),
            ("epoch", "I", 1, "", 1, "this stored epoch is with the host, durably; never answered"),
        ),
        (),
    ),
)

HELLO_FLAGS = ("keyed", "pinned", "token", "no_store")
LIFE_CYCLE = ("blank", "dev", "locked")
HUB_STATES = ("waiting", "ready", "sampling")
POWER_STATES = ("active", "idle", "off")
POWER_REASONS = ("boot", "start", "stop", "token", "narrow", "link", "battery", "fault", "update")
STREAM_STATES = ("off", "running", "missing", "failed", "stalled")
BLOBS = ("calibration", "bundle", "certificate", "succession")
ORDERS = ("unlock", "rotate")
RESET_CAUSES = ("unknown", "power_on", "reset", "watchdog", "brown_out", "crash")
SITES = ("unspecified", "chest", "back", "left_wrist", "right_wrist", "left_thigh", "right_thigh")

ANSWERS = (
    "ok",
    "malformed",
    "no_key",
    "no_authority",
    "already_pinned",
    "wrong_device",
    "wrong_nonce",
    "stale_sequence",
    "wrong_authority",
    "bad_signature",
    "busy",
    "no_token",
    "not_found",
    "not_allowed",
    "no_entropy",
    "bad_lifetime",
    "full",
    "mismatch",
)

# What damaged or foreign input is called, in the order of the checks. The C
# decoder and the Python decoders give the same answer to the same bytes.
FAULTS = (
    "ok",
    "long",  # no delimiter within a frame's reach
    "cobs",  # a code byte points past the end, or a zero inside
    "short",  # under header and CRC
    "crc",
    "schema_mismatch",  # CRC holds under the seed that the hub announced, not under ours
    "unknown_kind",  # CRC holds under an announced seed, the kind is not ours
    "version",
    "flags",
    "stream",  # out of range, or a sample kind on the link stream, or the reverse
    "field",  # seq or time word at or above 2**30
    "length",  # no whole number of records, or none
)

DOMAINS = (
    "epoch",
    "possession",
    "token",
    "attestation",
    "bundle",
    "order",
    "calibration",
    "rotation",
    "revocation",
    "receipt",
    "ticket",
    "checkpoint",
    "firmware",
    "tombstone",
    "succession",
)

# (stream, kind, site, period_us, records in a frame)
DEFAULT_PROFILE = (
    (0, 1, 1, 4_000, 25),
    (1, 2, 1, 40_000, 25),
    (2, 3, 1, 1_000_000, 4),
    (3, 4, 1, 10_000, 10),
    (4, 5, 0, 16_667, 6),
    (5, 7, 0, 4_000_000, 1),
)
FULL_PROFILE = DEFAULT_PROFILE + (
    (6, 4, 3, 10_000, 10),
    (7, 4, 4, 10_000, 10),
)
# On hubs that report their streams: one row each half second, about one stream after another.
STREAM_STATUS = (13, 9, 0, 500_000, 8)
