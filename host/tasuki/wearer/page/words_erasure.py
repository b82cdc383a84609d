"""What an erasure says of each place, in Japanese: `tasuki.wearer.erasure` and its receipt speak English.

A sentence is found by its form; names in braces stand for what differs. tests/host/erasure/conftest.py holds
every sentence that an erasure says in any test against this page. Why a place cannot be reached right now is
said by whatever could not be reached, in English alone: the page has one sentence for all of it.
"""

import re
from collections.abc import Mapping

_NAMES = {
    "vault": "鍵の保管庫",
    "consent book": "同意の記録",
    "outbox": "送信待ちの列",
    "embedded store": "内蔵の保存先",
    "audit log": "監査ログ",
    "files": "ファイル",
    "file {kind} {id}": "ファイル {kind} {id}",
    "exception tickets": "例外承認票",
    "token and clock book": "トークンと時計の記録",
    "accounts and profiles": "アカウントとプロフィール",
    "scan of the state folder": "保存フォルダ全体の検査",
    "sinks": "送信先",
    "processors": "業務委託先",
    "hubs": "ハブ",
    "sink {name}": "送信先 {name}",
    "processor {name}": "業務委託先 {name}",
    "hub {name}": "ハブ {name}",
    "copies by people": "人が作った写し",
    "backups": "バックアップ",
    "media": "記録媒体",
    "archives of servers": "サーバーのアーカイブ",
    "the name in files": "ファイル内の名前",
    "place of the keys": "鍵の置き場所",
}

_SENTENCES = {
    "all keys of the wearer destroyed": "着用者のすべての鍵を破棄しました",
    "the items' keys destroyed": "項目の鍵を破棄しました",
    "no epoch key is left to destroy; the wrapped keys are among what the scan looks for": (
        "破棄すべき鍵は残っていません。暗号化された鍵も検査の対象です"
    ),
    "withdrawn for these items": "これらの項目の同意を撤回しました",
    "read back from the book": "記録を読み直して確認しました",
    "statements kept as proof under a keyed name; bindings, guardians and record id deleted": (
        "同意の記録は証拠として仮名で残し、着用の紐付け、保護者、記録番号を削除しました"
    ),
    "the name and the bindings are among what the scan looks for": "名前と紐付けも検査の対象です",
    "{n} envelopes deleted": "暗号化された区間 {n}件を削除しました",
    "0 envelopes found; log emptied": "残り0件。ログも空にしました",
    "{n} blocks deleted": "区間 {n}件を削除しました",
    "0 blocks found; log emptied": "残り0件。ログも空にしました",
    "entries hold no payload and stay": "計測値を含まないため残ります",
    "entries stay without payload, under names that nobody can make again": (
        "計測値を含まない記録が、誰にも作り直せない名前で残ります"
    ),
    "the vault makes no name for the wearer": "この着用者の名前はもう作れません",
    "{n} files made here were looked after": "ここで作成したファイル {n}件を処理しました",
    "the register names no other": "ほかに登録されたファイルはありません",
    "not found where it was put: moved or removed by a person": (
        "元の場所にありません。人が移動または削除しました"
    ),
    "another file is in its place: it was moved by a person": (
        "同じ場所に別のファイルがあります。人が移動しました"
    ),
    "overwritten and removed": "上書きして削除しました",
    "overwritten and removed, because an item cannot be taken out of a file of this kind": (
        "この種のファイルからは項目だけを取り除けないため、上書きして削除しました"
    ),
    "the path is gone": "ファイルはもうありません",
    "written anew without {n} records": "{n}件の記録を除いて書き直しました",
    "read again: 0 records of the items": "読み直して確認しました。項目の記録は0件です",
    "none names the wearer": "この着用者に関するものはありません",
    "all tickets were read": "すべての承認票を確認しました",
    "a signed ticket of a disclosure names the wearer; the law requires to keep it, unaltered": (
        "この着用者に関する署名済みの承認票があります。法令により、そのまま保存します"
    ),
    "hold nothing about items": "項目に関する情報はありません",
    "by their tables": "表の構成から確認しました",
    "rows of {n} hubs deleted but the highest token number; {kept} hubs are worn by others": (
        "ハブ {n}台の記録を、最後のトークン番号を除いて削除しました。{kept}台はほかの人が着用しています"
    ),
    "read back; nothing links a hub to the wearer, whose bindings are deleted": (
        "読み直して確認しました。紐付けを削除したため、ハブと着用者を結びつける情報はありません"
    ),
    "deleted": "削除しました",
    "0 values found; log emptied": "残り0件。ログも空にしました",
    "{n} deliveries deleted": "送信済みの区間 {n}件を削除しました",
    "acknowledged by the sink, which looked again": "送信先が再確認のうえ、削除を報告しました",
    "confirmed by the database, which looked again": "データベースが再確認のうえ、削除を報告しました",
    "deleted in the database behind the broker": "ブローカーの先のデータベースから削除しました",
    "signed by collector {id} after its commit: it looked again, and {n} deliveries are left": (
        "収集装置 {id} が保存後に署名しました。再確認の結果、残りは{n}件です"
    ),
    "deletion order {order} is not confirmed yet: {why}": (  # why: `tasuki wearer erasures` says it
        "削除指示 {order} はまだ確認されていません。あとで再試行します"
    ),
    "acknowledged by {who} at {when}": "{who} が削除を報告しました({when})",
    "deleted by who keeps it, as ordered": "保管している事業者が命令に従って削除しました",
    "it is not in sinks.toml any more: deletion order {order} waits for who keeps it": (
        "現在は登録されていない送信先です。削除指示 {order} の管理者の報告を待っています"
    ),
    "it cannot erase by itself: deletion order {order} waits for who keeps it": (
        "自動では削除できない送信先です。削除指示 {order} の管理者の報告を待っています"
    ),
    "deletion order {order} waits for an acknowledgement": "削除指示 {order} の報告を待っています",
    "deletion order {order} waits for an acknowledgement; overdue after {days} days, so nothing is sent "
    "there any more": (
        "削除指示 {order} の報告を待っています。{days}日の期限を過ぎたため、以後の送信を停止しました"
    ),
    "nothing of the wearer is stored on it": "この着用者の情報は保存されていません",
    "its key is another one: the old one and the store went with it": (
        "鍵が新しくなっており、古い鍵と保存データは失われています"
    ),
    "it said that it stores nothing (status: 0 epochs)": "保存データなしと報告しました(0件)",
    "it proved a new key; making it destroyed the old one and wiped the store": (
        "新しい鍵を証明しました。その際に古い鍵と保存データは破棄されています"
    ),
    "is wiped at its next contact with this host": "次に接続されたときに消去します",
    "is waited for until it stores nothing; what it still sends is refused": (
        "保存データがなくなるまで待っています。送られてくるデータは受け取りません"
    ),
    "lost, as {who} stated at {when}; what it stored is encrypted to the storage key of this host": (
        "紛失の届け出があります({who}、{when})。保存データはこのホストの鍵で暗号化されています"
    ),
    "comes last, when no other store is waited for": "ほかの確認がすべて終わってから行います",
    "{files} files of {size} bytes were looked through for {n} markers: 0 found": (
        "{files}個のファイル({size}バイト)で {n}個の目印を探し、0件でした"
    ),
    "what a person downloaded, copied or printed stays where that person put it": (
        "人がダウンロード、複写または印刷したものは、その場所に残ります"
    ),
    "copies of the data alone open nothing; a copy of the key store from before {when} opens older copies of "
    "the data: destroy it, as docs/keys.md says": (
        "データだけの写しは開けません。{when} より前の鍵の写しは、古いデータを開けるため破棄します"
    ),
    "what journals of file systems, wear levelling of flash and memory of running processes still hold of "
    "deleted bytes; what was encrypted cannot be read there either": (
        "ファイルシステムの履歴、フラッシュメモリ、実行中のメモリに残りうる部分。暗号化されており読めません"
    ),
    "write-ahead archives, replicas, deleted rows that are not vacuumed yet and broker queues follow their "
    "own rules": "サーバーの履歴、複製、未整理の削除行、ブローカーの列は、それぞれの規則で消えます",
    "not looked for: somebody has an account under it again": (
        "同じ名前のアカウントが再びあるため、検査していません"
    ),
    "too short to be looked for; the tables that hold names have none": (
        "短すぎるため検査できません。名前を保存する表にはありません"
    ),
    "{warning}: who copies that disk copies both": (
        "鍵がデータと同じ場所にあります。その媒体を複写すると両方が複写されます"
    ),
}

_GROUPS = {
    "wrapped keys": "暗号化された鍵",
    "envelopes": "送信待ちの区間",
    "stored blocks": "保存された区間",
    "capture keys": "記録ファイルの鍵",
    "elsewhere": "そのほかの値",
    "pseudonyms": "仮名",
    "bindings": "紐付け",
    "name": "名前",
}


def _forms(words: Mapping[str, str]) -> list[tuple[re.Pattern[str], str]]:
    return [
        (re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(english))), japanese)
        for english, japanese in words.items()
    ]


_NAME_FORMS, _SENTENCE_FORMS = _forms(_NAMES), _forms(_SENTENCES)


def place(text: str) -> str:
    """What a place is called; empty when it is not known here."""
    return _found(text, _NAME_FORMS)


def sentence(text: str) -> str:
    """What was done, waited for or looked at; empty when it is not known here."""
    return _groups(text) or _found(text, _SENTENCE_FORMS)


def _groups(text: str) -> str:
    """What the scan looked for: `3 wrapped keys, 1 name`."""
    found = [re.fullmatch(r"(\d+) (.+)", part) for part in text.split(", ")]
    named = [f"{_GROUPS[one[2]]} {one[1]}件" for one in found if one and one[2] in _GROUPS]
    return "、".join(named) if len(named) == len(found) else ""


def _found(text: str, forms: list[tuple[re.Pattern[str], str]]) -> str:
    for form, japanese in forms:
        if found := form.fullmatch(text):
            return japanese.format(**found.groupdict())
    return ""
