"""The closed list of reason codes, and what would change each answer.

A code never changes its meaning; new ones are appended. The texts are filled with item, purpose
and destination by `Decision.remedy`.
"""

from dataclasses import dataclass

ALLOW = "allow"
HOLD = "hold"
DENY = "deny"


@dataclass(frozen=True)
class Reason:
    """One reason.

    Attributes:
        code: stable name.
        outcome: allow, hold or deny.
        rules: ids of the rules that it rests on; a decision may add the table's own rule.
        remedy_en: what would change the answer, English.
        remedy_ja: the same in Japanese.
    """

    code: str
    outcome: str
    rules: tuple[str, ...]
    remedy_en: str
    remedy_ja: str


_NEVER_EN = "Nothing: the policy has no such use of {item}."
_NEVER_JA = "変わりません。ポリシーに「{item}」のこの利用はありません。"

_ROWS = (
    Reason(
        "granted",
        ALLOW,
        ("A-01", "A-02"),
        "Withdraw {purpose} for {item}.",
        "「{item}」の「{purpose}」の同意を撤回してください。",
    ),
    Reason(
        "no_consent",
        DENY,
        ("A-01", "A-02"),
        "The wearer grants {purpose} for {item}; it then holds for what is measured from that moment on.",
        "着用者が「{item}」の「{purpose}」に同意すると、その時点以降の計測から有効になります。",
    ),
    Reason(
        "refused",
        DENY,
        ("A-01", "A-02"),
        "The wearer refused {purpose} for {item}; only a new grant changes it, for what is measured later.",
        "着用者は「{item}」の「{purpose}」を拒否しています。改めて同意した時点以降の計測にのみ有効です。",
    ),
    Reason(
        "withdrawn",
        DENY,
        ("A-01", "A-02"),
        "The wearer withdrew {purpose} for {item}; only a new grant changes it, for what is measured later.",
        "着用者は「{item}」の「{purpose}」の同意を撤回しました。改めて同意した時点以降の計測にのみ有効です。",
    ),
    Reason(
        "not_at_acquisition",
        DENY,
        ("A-01", "L-03"),
        "Nothing for this block: it was measured before {purpose} was granted for {item}.",
        "この区間については変わりません。「{item}」の「{purpose}」に同意する前に計測されています。",
    ),
    Reason(
        "clock_uncertain",
        DENY,
        ("A-01", "S-01"),
        "Nothing for this block: consent changed within the uncertainty of its time. Synchronise the clock.",
        "この区間については変わりません。時刻の不確かさの範囲内で同意が変わりました。時計を同期してください。",
    ),
    Reason(
        "notice_version",
        DENY,
        ("L-03", "L-04"),
        "The wearer grants {purpose} for {item} again under the present policy version.",
        "着用者が現行版のポリシーのもとで「{item}」の「{purpose}」に改めて同意してください。",
    ),
    Reason("purpose_not_in_policy", DENY, (), _NEVER_EN, _NEVER_JA),
    Reason(
        "unknown_purpose",
        DENY,
        ("A-02",),
        "Name one of the policy's purposes.",
        "ポリシーに記載された利用目的を指定してください。",
    ),
    Reason(
        "unknown_item",
        DENY,
        ("G-01",),
        "Add {item} to the policy's list of items; until then it has no purpose.",
        "「{item}」をポリシーの項目一覧に追加するまで、利用目的はありません。",
    ),
    Reason(
        "unknown_destination",
        DENY,
        ("S-02",),
        "Register the destination {destination} with its purpose and key.",
        "送信先「{destination}」を利用目的と鍵とともに登録してください。",
    ),
    Reason(
        "destination_not_for_purpose",
        DENY,
        ("A-02",),
        "Send to a destination that is registered for {purpose}.",
        "「{purpose}」のために登録された送信先を使ってください。",
    ),
    Reason(
        "third_party",
        DENY,
        ("T-02",),
        "Nothing, not even consent: no third party.",
        "同意があっても第三者には開示しません。",
    ),
    Reason(
        "processor_not_registered",
        DENY,
        ("P-01", "P-05"),
        "Register the processor with vetting, contract and the wearer's consent to entrust.",
        "審査、契約、委託の同意とともに業務委託先を登録してください。",
    ),
    Reason(
        "module_not_allowed",
        DENY,
        ("M-01",),
        "Nothing: modules never get {item}.",
        "他社モジュールに「{item}」は渡しません。",
    ),
    Reason(
        "row_level_release",
        DENY,
        ("C3-06",),
        "Release aggregated figures; single blocks never leave as statistics.",
        "集計値のみ公表できます。個々の区間を統計として出すことはありません。",
    ),
    Reason(
        "category2_attached",
        DENY,
        ("X-01", "C2-01"),
        "Strip the device's identity and signature before sending (gateway-attested form).",
        "送信前に端末識別情報と端末の署名を取り除いてください(ゲートウェイ証明形式)。",
    ),
    Reason(
        "wrong_context",
        DENY,
        (),
        "Acquire {item} only where the policy says so.",
        "「{item}」はポリシーに定めた場面でのみ取得してください。",
    ),
    Reason(
        "no_location_permission",
        DENY,
        ("C2-03",),
        "The wearer permits location on the device.",
        "着用者が端末で位置情報を許可してください。",
    ),
    Reason(
        "unknown_device",
        DENY,
        ("A-03", "S-02"),
        "Register the hub and its product manifest.",
        "ハブと製品マニフェストを登録してください。",
    ),
    Reason(
        "unknown_key",
        DENY,
        ("S-02",),
        "Enrol the hub that holds this key.",
        "この鍵を持つハブを登録してください。",
    ),
    Reason(
        "not_in_manifest",
        DENY,
        ("A-03",),
        "Use a product whose manifest lists {item} on this stream.",
        "マニフェストに「{item}」が記載された製品を使ってください。",
    ),
    Reason(
        "wrong_wearer",
        DENY,
        ("C3-02",),
        "Bind the hub to the person who wears it.",
        "実際の着用者にハブを紐付けてください。",
    ),
    Reason(
        "no_wearer_binding",
        HOLD,
        ("C3-02",),
        "State who wore the hub at that time.",
        "その時刻にハブを着用していた人を登録してください。",
    ),
    Reason(
        "time_ahead",
        HOLD,
        ("S-01",),
        "Correct the clock: the block claims to be from the future.",
        "時計を合わせてください。未来の時刻が付いています。",
    ),
    Reason("unknown_time", DENY, ("S-01",), "Synchronise the clock.", "時計を同期してください。"),
    Reason(
        "hold_expired",
        DENY,
        ("S-01",),
        "Nothing for this block: what it waited for did not come in time.",
        "この区間については変わりません。期限内に条件が満たされませんでした。",
    ),
    Reason(
        "not_in_token",
        DENY,
        ("A-01",),
        "Give the hub a token that names {item}.",
        "「{item}」を含むトークンをハブに渡してください。",
    ),
    Reason(
        "envelope_damaged",
        DENY,
        ("S-04",),
        "Nothing: the stored bytes were altered; check the disk.",
        "変わりません。保存データが破損または改変されています。ディスクを確認してください。",
    ),
    Reason(
        "key_erased",
        DENY,
        ("A-01",),
        "Nothing: the wearer's key was erased.",
        "変わりません。着用者の鍵は消去されました。",
    ),
)

REASONS = {reason.code: reason for reason in _ROWS}
