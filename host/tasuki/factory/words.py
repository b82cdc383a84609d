"""Every word that an operator sees, in English and Japanese."""

from collections.abc import Mapping

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Order {order}: {done} of {quantity} done", "指図 {order} {quantity} 台中 {done} 台完了"),
    "slot": ("Slot", "スロット"),
    "serial": ("Serial", "製造番号"),
    "state": ("State", "状態"),
    "todo": ("To do", "作業"),
    # what a slot is: a shape and a word, so that nobody needs its colour
    "running": ("▶ WORKING", "▶ 作業中"),
    "done": ("✔ PASS", "✔ 合格"),
    "failed": ("✖ FAIL", "✖ 不合格"),
    "gone": ("… AWAY", "… 切断"),
    "empty": ("○ EMPTY", "○ 空き"),
    # what to do
    "remove": ("Remove", "取り外す"),
    "retry": ("Retry", "再試行"),
    "hold": ("Hold back, call", "隔離し責任者へ連絡"),
    "wait": ("Wait", "待つ"),
    "scan_label": ("Scan the label", "ラベルを読み取る"),
    "insert": ("Insert a hub", "ハブを挿入"),
    # causes
    "no_entropy": ("no randomness", "乱数源なし"),
    "development_hub": ("development hub", "開発用ハブ"),
    "cannot_lock": ("cannot be locked", "ロック不可"),
    "not_blank": ("has a key already", "鍵が既にある"),
    "locked_already": ("is locked", "ロック済み"),
    "wrong_product": ("another product", "製品違い"),
    "wrong_firmware": ("wrong firmware", "ファームウェア違い"),
    "self_test": ("self-test", "自己診断"),
    "golden": ("golden unit", "基準機"),
    "bad_possession": ("key not proved", "鍵の証明に失敗"),
    "key_seen_before": ("key seen before", "鍵が重複"),
    "key_changed": ("key changed", "鍵が変化"),
    "weak_key": ("weak key", "弱い鍵"),
    "duplicate_hub": ("two hubs with one id", "ハブIDが重複"),
    "other_order": ("another order", "別の指図"),
    "swapped": ("hub was swapped", "ハブが入れ替わった"),
    "wrong_certificate": ("wrong certificate", "証明書違い"),
    "wrong_authority": ("wrong authority", "同意機関違い"),
    "no_constants": ("not measured", "校正値なし"),
    "calibration": ("calibration", "校正"),
    "not_locked": ("not locked", "ロックされていない"),
    "label_mismatch": ("wrong label", "ラベル違い"),
    "no_scan": ("label not scanned", "ラベル未読取"),
    "quota_used_up": ("no serial left", "製造番号なし"),
    "refused": ("refused", "拒否"),
    "malformed": ("malformed", "不正な応答"),
    "schema_mismatch": ("other release", "版違い"),
    "silent": ("silent", "応答なし"),
    "internal": ("station error", "ステーション異常"),
    "interrupted": ("stopped", "停止"),
    # states
    "detected": ("found", "検出"),
    "identified": ("serial reserved", "製造番号を確保"),
    "flashed": ("firmware", "ファームウェア"),
    "self_tested": ("tested", "診断済み"),
    "keying": ("makes its key", "鍵を生成中"),
    "keyed": ("has its key", "鍵を生成"),
    "proved": ("key proved", "鍵を証明"),
    "certified": ("is certified", "証明書を発行中"),
    "issued": ("certificate", "証明書"),
    "installed": ("installed", "書き込み済み"),
    "pinned": ("authority pinned", "同意機関を固定"),
    "calibrated": ("calibrated", "校正済み"),
    "locked": ("lock", "ロック"),
    "labelled": ("label printed", "ラベル印刷"),
    "scanned": ("label checked", "ラベル確認"),
    "scan": ("waits for its label", "ラベル待ち"),
    "again": ("is back", "再接続"),
    "end": ("ended", "終了"),
}


def word(key: str, lang: str, values: Mapping[str, object] | None = None) -> str:
    """A word; a key that has none is its own word."""
    both = WORDS.get(key)
    text = both[1 if lang == "ja" else 0] if both else key
    return text.format_map(dict(values)) if values else text
