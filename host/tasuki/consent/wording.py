"""How items, purposes and states are called when a wearer reads them, English and Japanese.

The Japanese words are those of the policy, section 2.
"""

LANGUAGES = ("en", "ja")

_WORDS = {
    # category 1
    "name": ("name", "氏名"),
    "birth_date": ("date of birth", "生年月日"),
    "email": ("e-mail address", "メールアドレス"),
    "country_or_region": ("country or region", "居住国(居住地域)"),
    "postal_address": ("address", "住所"),
    "phone": ("telephone number", "電話番号"),
    "body_baseline": ("body measurements (typed in)", "身体計測上の基準データ"),
    # category 2
    "product_number": ("product number", "品番情報"),
    "device_id": ("device id", "端末識別情報"),
    "mac_address": ("MAC address", "MACアドレス"),
    "access_log": ("access log", "アクセスログ"),
    "location": ("location", "位置情報"),
    "cookie": ("cookie", "Cookie"),
    "online_identifier": ("online identifier", "オンライン拡張子"),
    "device_status": ("device status", "端末の状態"),
    # category 3
    "body_motion": ("body motion", "身体動作"),
    "body_temperature": ("body temperature", "体温"),
    "ecg": ("ECG", "心電"),
    "respiration": ("respiration", "呼吸"),
    "subjective": ("own ratings", "主観データ"),
    # purposes
    "after_service": ("after-sales service", "製品のアフターサービス"),
    "information": ("product information", "情報提供(問い合わせへの通知および応答を含む)"),
    "service_information": ("information in the service", "サービスにおける情報提供"),
    "user_identification": ("user identification", "ログインなどの利用者識別"),
    "service_improvement": ("service improvement", "サービスの改良または更新"),
    "product_development": ("product development", "新製品または新サービスの開発"),
    "statistics": ("statistics that identify nobody", "個人識別できない統計データの作成または分析"),
    # separate consents
    "entrust": ("entrusting to a processor", "業務委託先への委託"),
    "entrust_foreign": ("entrusting to a processor abroad", "外国にある業務委託先への委託"),
    "module": ("module of another company", "他社のモジュール"),
    # states
    "granted": ("granted", "同意"),
    "refused": ("refused", "拒否"),
    "withdrawn": ("withdrawn", "撤回"),
    "never": ("never asked", "未確認"),
}


def word(name: str, language: str) -> str:
    """What a person reads for a name; the name itself where there is no better word."""
    head, _, detail = name.partition(":")
    found = _WORDS.get(head)
    if found is None:
        return name
    text = found[LANGUAGES.index(language)]
    return f"{text}: {detail}" if detail else text


def listed(names: list[str], language: str) -> str:
    """Several of them in one line."""
    return ("、" if language == "ja" else ", ").join(word(name, language) for name in names)
