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
    Reason(
        "policy_not_in_force",
        DENY,
        ("L-04",),
        "Decide under a version of the policy that is published and in force.",
        "公表済みで施行中の版のポリシーを使ってください。",
    ),
    Reason(
        "unknown_product",
        DENY,
        ("G-03",),
        "Register the product with its individual terms.",
        "製品を個別規約とともに登録してください。",
    ),
    Reason(
        "guardian_needed",
        DENY,
        ("A-01", "G-02"),
        "The guardian grants {purpose} for {item}: the wearer was under age when it was granted.",
        "保護者が「{item}」の「{purpose}」に同意してください。同意の時点で着用者は未成年でした。",
    ),
    Reason(
        "processor_not_vetted",
        DENY,
        ("P-05",),
        "Examine the processor behind {destination} and record it; there is no current examination.",
        "「{destination}」の委託先の適格性を審査し、記録してください。有効な審査がありません。",
    ),
    Reason(
        "no_contract",
        DENY,
        ("P-06",),
        "Conclude a contract with security terms with the processor behind {destination}.",
        "「{destination}」の委託先と、安全管理の条項を含む契約を締結してください。",
    ),
    Reason(
        "contract_expired",
        HOLD,
        ("P-06",),
        "Renew the contract with the processor behind {destination}.",
        "「{destination}」の委託先との契約を更新してください。",
    ),
    Reason(
        "supervision_overdue",
        DENY,
        ("P-07",),
        "Audit the processor behind {destination} and record it.",
        "「{destination}」の委託先を監査し、記録してください。",
    ),
    Reason(
        "processor_suspended",
        DENY,
        ("P-07",),
        "The processor behind {destination} acknowledges the deletions that it owes.",
        "「{destination}」の委託先が未了の削除を報告するまで提供できません。",
    ),
    Reason(
        "field_not_listed",
        DENY,
        ("P-02", "P-03"),
        "Nothing, unless the contract is changed: the processor does not need {item} for {purpose}.",
        "契約を変更しない限り変わりません。委託先は「{purpose}」のために「{item}」を必要としません。",
    ),
    Reason(
        "subprocessor_not_registered",
        DENY,
        ("T-01", "P-05"),
        "Register every processor that {destination} hands data on to.",
        "「{destination}」の再委託先をすべて登録してください。",
    ),
    Reason(
        "country_unknown",
        DENY,
        ("P-04",),
        "Register the processor's country and on what it rests that data may go there.",
        "委託先の国と、移転の根拠を登録してください。",
    ),
    Reason(
        "no_entrust_consent",
        DENY,
        ("P-01",),
        "The wearer agrees that {item} is handed to processors.",
        "着用者が「{item}」の業務委託に同意してください。",
    ),
    Reason(
        "no_foreign_consent",
        DENY,
        ("P-04",),
        "The wearer agrees that {item} is handed to a processor in that country.",
        "着用者が「{item}」をその国の委託先に渡すことに同意してください。",
    ),
    Reason(
        "module_not_registered",
        DENY,
        ("M-01",),
        "Register the module with vendor, country, items, purposes and its published notice.",
        "提供元、国、項目、目的、公表文とともにモジュールを登録してください。",
    ),
    Reason(
        "module_off",
        DENY,
        ("M-01", "A-01"),
        "The wearer switches the module {destination} on for {item}.",
        "着用者が「{item}」についてモジュール「{destination}」を有効にしてください。",
    ),
    Reason(
        "manifest_expired",
        DENY,
        ("A-03",),
        "Register a manifest of the product that is in force.",
        "有効な製品マニフェストを登録してください。",
    ),
    Reason(
        "operator_untrained",
        DENY,
        ("S-07",),
        "Let an operator act whose training is current.",
        "研修の有効期限内の担当者が操作してください。",
    ),
    Reason(
        "exception",
        ALLOW,
        ("R-01",),
        "Nothing: the law demands it; the ticket ends by itself.",
        "変わりません。法令に基づく提供です。承認票は期限で失効します。",
    ),
    Reason(
        "outside_ticket",
        DENY,
        ("T-02",),
        "Nothing: the exception ticket does not cover this block.",
        "変わりません。例外承認票の範囲外です。",
    ),
    Reason(
        "no_device_proof",
        DENY,
        ("S-02",),
        "Register {destination} for the gateway-attested form: no hub signed what the wearer typed in.",
        "着用者が入力した情報にハブの署名はありません。「{destination}」をゲートウェイ証明形式で登録してください。",
    ),
)

REASONS = {reason.code: reason for reason in _ROWS}

# Place of a code in the closed list: what the vectorised decision returns.
NUMBER = {code: number for number, code in enumerate(REASONS)}
CODES = tuple(REASONS)
