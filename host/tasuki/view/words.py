"""Every word that the view and the report show, in English and Japanese.

The Japanese words for items and purposes are those of the policy, section 2.
"""

import os
from collections.abc import Mapping

from tasuki.view.words_reason import REASON_WORDS
from tasuki.view.words_report import REPORT_WORDS

LANGUAGES = ("en", "ja")

WORDS: dict[str, tuple[str, str]] = {
    # items
    "ecg": ("ECG", "心電"),
    "respiration": ("Respiration", "呼吸"),
    "body_temperature": ("Temperature", "体温"),
    "body_motion": ("Motion", "身体動作"),
    "subjective": ("Ratings", "主観データ"),
    "device_status": ("Device status", "端末の状態"),
    "imu": ("Motion (IMU)", "身体動作 (IMU)"),
    "strain": ("Garment strain", "衣服のひずみ"),
    "stream_status": ("State of each signal", "信号ごとの状態"),
    # purposes, short for the terminal, long for the report
    "service_information": ("Information in the service", "サービスにおける情報提供"),
    "service_improvement": ("Service improvement", "サービスの改良または更新"),
    "product_development": ("Product development", "新製品または新サービスの開発"),
    "statistics": ("Statistics", "統計データの作成または分析"),
    "after_service": ("After-sales service", "アフターサービス"),
    "information": ("Product information", "情報提供"),
    "user_identification": ("User identification", "利用者識別"),
    "ad_measurement": ("Ad measurement", "広告効果の測定"),
    "usage_analysis": ("Usage analysis", "利用状況の分析"),
    "short.service_information": ("service", "提供"),
    "short.service_improvement": ("improve", "改良"),
    "short.product_development": ("develop", "開発"),
    "short.statistics": ("stats", "統計"),
    "short.after_service": ("repair", "保守"),
    "short.information": ("news", "案内"),
    "short.user_identification": ("login", "識別"),
    "short.ad_measurement": ("ads", "広告"),
    "short.usage_analysis": ("usage", "利用"),
    # states and outcomes
    "passes": ("passes", "通過"),
    "refused": ("refused", "拒否"),
    "not_sampled": ("not sampled", "未計測"),
    "allow": ("allowed", "許可"),
    "deny": ("refused", "拒否"),
    "hold": ("on hold", "保留"),
    "no_signal": ("no signal yet", "信号待ち"),
    "provisional": ("provisional", "暫定"),
    "verified": ("verified", "検証済"),
    # what the hub says of itself
    "power": ("power", "電源"),
    "power.active": ("active", "動作中"),
    "power.idle": ("idle", "待機"),
    "power.off": ("switching off", "停止"),
    "why.boot": ("after boot", "起動後"),
    "why.start": ("started", "開始"),
    "why.stop": ("stopped", "停止指示"),
    "why.token": ("consent ended or changed", "同意の終了・変更"),
    "why.narrow": ("consent withdrawn", "同意の撤回"),
    "why.link": ("link was lost", "接続切れ"),
    "why.battery": ("battery low", "電池残量低下"),
    "why.fault": ("fault", "故障"),
    "why.update": ("update", "更新"),
    "boot.watchdog": ("rebooted by its watchdog", "監視タイマーで再起動"),
    "boot.brown_out": ("rebooted after a brown-out", "電圧低下で再起動"),
    "boot.crash": ("rebooted after a crash", "異常終了で再起動"),
    "sensor.missing": ("missing", "未検出"),
    "sensor.failed": ("failed", "故障"),
    "sensor.stalled": ("silent", "無応答"),
    "late": ("late", "遅延"),
    "lost": ("lost", "損失"),
    "waited": ("waited", "待ち"),
    # live view
    "hub": ("hub", "ハブ"),
    "clock": ("clock", "時計"),
    "heart": ("Heart rate", "心拍数"),
    "heart.short": ("heart", "心拍"),
    "breath": ("Breathing", "呼吸数"),
    "breath.short": ("breathing", "呼吸"),
    "skin": ("Skin", "皮膚温"),
    "skin.short": ("skin", "皮膚"),
    "per_minute": ("/min", "/分"),
    "confidence": ("sure", "確度"),
    "irregular": ("irregular", "不整"),
    "apnoea": ("no breath", "無呼吸"),
    "no_contact": ("no contact", "非接触"),
    "epochs": ("epochs", "エポック"),
    "rejected": ("rejected", "却下"),
    "pending": ("pending", "待ち"),
    "frames": ("frames", "フレーム"),
    "bad": ("bad", "不良"),
    "gaps": ("gaps", "欠落"),
    "outbox": ("outbox", "送信待ち"),
    "stored": ("stored", "保存済"),
    "consent": ("Consent", "同意"),
    "blocks": ("blocks", "ブロック"),
    "more": ("more", "件省略"),
    "small": ("The terminal is too small", "端末が小さすぎます"),
    **REASON_WORDS,
    **REPORT_WORDS,
}


def word(key: str, lang: str) -> str:
    """The word for `key`; a key without a word is shown as it is, with spaces for underscores."""
    pair = WORDS.get(key)
    if pair is None:
        return (
            key.removeprefix("short.").removeprefix("reason.").removeprefix("destination.").replace("_", " ")
        )
    return pair[LANGUAGES.index(lang)]


def check_language(lang: str) -> str:
    """`lang`; ValueError when there are no words in it."""
    if lang not in LANGUAGES:
        raise ValueError(f"language {lang!r}: choose one of {', '.join(LANGUAGES)}")
    return lang


def language_of(environment: Mapping[str, str] | None = None) -> str:
    """The language that LC_ALL, LC_MESSAGES or LANG asks for; English unless that is Japanese."""
    env = os.environ if environment is None else environment
    asked = next((env[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(name)), "")
    return "ja" if asked.lower().startswith("ja") else "en"
