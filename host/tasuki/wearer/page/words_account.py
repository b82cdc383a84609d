"""Words around the account: getting in, getting out, and what anybody may read. (English, Japanese)."""

WORDS: dict[str, tuple[str, str]] = {
    "site": ("My garment", "マイガーメント"),
    "skip": ("Skip to the content", "本文へ移動"),
    "nav": ("Main", "メニュー"),
    "manager": ("User information manager", "利用者情報管理者"),
    "to_start": ("To the start", "最初のページへ"),
    "nothing": ("None.", "ありません。"),
    "yes": ("yes", "はい"),
    "no": ("no", "いいえ"),
    "remove": ("Delete", "削除"),
    "nav.overview": ("Overview", "概要"),
    "nav.signals": ("Signals", "信号"),
    "nav.consents": ("Consents", "同意"),
    "nav.recipients": ("What goes where", "情報の行き先"),
    "nav.profile": ("Profile", "プロフィール"),
    "nav.ratings": ("How it feels", "主観データ"),
    "nav.garments": ("Garments", "ウェア"),
    "nav.takeaway": ("Take along", "持ち出し"),
    "nav.account": ("Account", "アカウント"),
    "nav.leave": ("Delete or leave", "削除・退会"),
    "nav.sign_in": ("Sign in", "ログイン"),
    "nav.register": ("New account", "新規登録"),
    "nav.policies": ("Policy and all its versions", "ポリシーと全バージョン"),
    "nav.modules": ("Modules of other companies", "他社のモジュール"),
    "nav.inquiry": ("Inquiry form", "お問い合わせフォーム"),
    "home.title": ("What your garment knows is yours", "ウェアが知っていることは、あなたのものです"),
    "home.about": (
        "Here you see everything that is kept about you, decide what it may be used for, take it "
        "along or delete it.",
        "保持している情報をすべて確認し、利用目的ごとに同意を選び、持ち出し、削除することができます。",
    ),
    "home.cookies": (
        "No cookie is set before you sign in. Without cookies you can read everything public and use the "
        "inquiry form; only signing in does not work.",
        "ログインするまでCookieは使いません。Cookieを許可しなくても、"
        "公開ページとお問い合わせフォームは利用できます。"
        "利用できなくなるのはログインのみです。",
    ),
    "email": ("E-mail address", "メールアドレス"),
    "password": ("Password", "パスワード"),
    "password.repeat": ("Password, once more", "パスワード(確認)"),
    "password.rule": (
        "12 to 128 characters. A sentence is better than a riddle.",
        "12文字以上128文字以内。覚えやすい文章をおすすめします。",
    ),
    "password.length": (
        "The password has to have 12 to 128 characters.",
        "パスワードは12文字以上128文字以内です。",
    ),
    "password.easy": (
        "The password is too easy to guess: it has few different characters, or your address in it.",
        "推測されやすいパスワードです。文字の種類が少ないか、アドレスが含まれています。",
    ),
    "password.again": ("The two passwords differ.", "2つのパスワードが一致しません。"),
    "password.wrong": ("The password is not right.", "パスワードが正しくありません。"),
    "password.now": ("Present password", "現在のパスワード"),
    "password.new": ("New password", "新しいパスワード"),
    "password.once_more": ("Your password, once more", "パスワードをもう一度入力してください"),
    "invitation": ("Invitation code, if you have one", "招待コード(お持ちの場合)"),
    "register.agree": (
        "I agree that my e-mail address identifies me when I sign in (policy {version}).",
        "ログイン時の利用者識別のためにメールアドレスを利用することに同意します(ポリシー {version})。",
    ),
    "register.rest": (
        "Without it there can be no account. You decide on everything else afterwards, one by one; "
        "nothing is ticked.",
        "この同意がないとアカウントを作成できません。ほかの同意は登録後に項目ごとにお選びいただけます。"
        "あらかじめ選択されているものはありません。",
    ),
    "register.do": ("Make the account", "アカウントを作成する"),
    "fault.agree": (
        "Without this consent nobody can sign in. Tick it, or leave without an account.",
        "この同意がないとログインできません。同意いただくか、登録せずにお戻りください。",
    ),
    "fault.email": ("This is no e-mail address.", "メールアドレスの形式ではありません。"),
    "fault.name": ("Your name is missing.", "お名前を入力してください。"),
    "fault.contact": ("How we can reach you is missing.", "ご連絡先を入力してください。"),
    "fault.message": ("The message is missing.", "お問い合わせ内容を入力してください。"),
    "fault.topic": ("Choose a topic.", "件名を選択してください。"),
    "sign_in.do": ("Sign in", "ログインする"),
    "sign_in.failed": (
        "Address or password is not right.",
        "メールアドレスまたはパスワードが正しくありません。",
    ),
    "sign_in.forgotten": (
        "Forgotten your password? The privacy office can help once it has checked who you are:",
        "パスワードをお忘れの場合は、ご本人確認のうえ対応します。",
    ),
    "ask.consent": (
        "Signing in by your address needs your consent, which is missing or was withdrawn. Tick it to go on.",
        "メールアドレスによる利用者識別の同意がありません。続けるには同意してください。",
    ),
    "ask.stale": (
        "Your address was confirmed more than a year ago. Tick to confirm that it is still yours.",
        "メールアドレスの確認から1年以上たちました。現在もご本人のものであれば、チェックを入れてください。",
    ),
    "stay": ("Stay signed in for 30 days", "30日間ログインしたままにする"),
    "stay.about": (
        "That needs a cookie beyond this visit and counts as your consent to it. Without it, you are "
        "signed in "
        "until the browser closes.",
        "訪問後も残るCookieを使うため、Cookieへの同意として記録します。選択しない場合は、"
        "ブラウザを閉じるまで有効です。",
    ),
    "sign_out": ("Sign out", "ログアウト"),
    "cookie.title": ("Your browser does not keep the cookie", "Cookieが保存されませんでした"),
    "cookie.body": (
        "You refuse cookies, and that is respected. Staying signed in does not work then; the "
        "policy, the list of "
        "modules and the inquiry form do, and through the form you can ask for everything that your "
        "page offers.",
        "Cookieを許可しない設定を尊重します。ログイン状態の保持はできませんが、ポリシー、モジュール一覧、"
        "お問い合わせフォームは利用できます。マイページの操作はすべてフォームからお申し出いただけます。",
    ),
    "account.password": ("Change the password", "パスワードの変更"),
    "account.password.do": ("Change it", "変更する"),
    "account.sessions": ("Where you are signed in", "ログイン中のブラウザ"),
    "account.session": ("since {at}, last seen {seen}", "{at} から、最終利用 {seen}"),
    "account.this": ("this browser", "このブラウザ"),
    "account.end": ("Sign out", "ログアウトさせる"),
    "account.end_one": ("Sign out the browser since {at}", "{at} からのブラウザをログアウトさせる"),
    "account.end_others": ("Sign out all others", "ほかをすべてログアウトさせる"),
    "told.registered": (
        "You can sign in now. If there was an account with this address, nothing about it has changed.",
        "ログインできます。同じアドレスのアカウントがすでにある場合、その内容は変わっていません。",
    ),
    "told.sign_in_first": ("Please sign in first.", "先にログインしてください。"),
    "told.signed_out": ("You are signed out.", "ログアウトしました。"),
    "told.password_changed": (
        "The password is changed; all other browsers are signed out.",
        "パスワードを変更し、ほかのブラウザをログアウトさせました。",
    ),
    "told.sessions_ended": ("They are signed out.", "ログアウトさせました。"),
    "missing.title": ("This page does not exist", "ページがありません"),
    "missing.body": ("Perhaps the address has a slip in it.", "アドレスをご確認ください。"),
    "busy.title": ("Not possible at this moment", "ただいま処理できません"),
    "busy.body": (
        "Nothing was changed. Please try again.",
        "変更は行われていません。もう一度お試しください。",
    ),
    "stale.title": ("The form was too old", "フォームの有効期限が切れました"),
    "stale.body": (
        "Nothing was changed. Please open the page anew.",
        "変更は行われていません。ページを開き直してください。",
    ),
    "refused.title": ("This is not allowed", "許可されていません"),
    "refused.other": (
        "The policy does not allow it. Nothing was changed.",
        "ポリシーにより許可されません。変更は行われていません。",
    ),
    "refused.too_often": (
        "Too many tries. Please wait some minutes.",
        "回数が多すぎます。数分待ってからお試しください。",
    ),
    "refused.guardian_required": (
        "You are under guardianship: only your guardian can agree. Withdrawing is always open to you.",
        "保護者の同意が必要です。撤回はいつでもご本人が行えます。",
    ),
    "refused.not_a_guardian": (
        "You are not registered as this person's guardian.",
        "保護者として登録されていません。",
    ),
    "refused.no_invitation": (
        "The invitation code does not hold, or no longer. Ask the privacy office for a new one.",
        "招待コードが正しくないか、期限が切れています。お問い合わせフォームからお申し出ください。",
    ),
    "refused.operator_untrained": (
        "Your training has run out. Renew it, and let the administrator enter it with `tasuki officer add`.",
        "研修の有効期限が切れています。受講後、管理者が `tasuki officer add` で登録してください。",
    ),
    "refused.not_verified": (
        "First it has to be verified who asks.",
        "先にご本人または代理人であることの確認が必要です。",
    ),
    "refused.no_authority": (
        "The agent has not proved the authority to act.",
        "代理権が確認できていません。",
    ),
    "refused.other_subject": ("Nobody gets another person's data.", "他の方の情報には応じられません。"),
    "refused.no_case": ("There is no such case.", "該当する案件はありません。"),
    "acting": ("You are acting for {ward}.", "{ward} さんの保護者として操作しています。"),
    "acting.end": ("Back to my own", "自分の画面に戻る"),
    "act_for": ("Act for {ward}", "{ward} さんとして操作する"),
    "policies.about": (
        "What is in force and everything that was, each by its hash. A published version never changes.",
        "現行版と過去のすべての版を、ハッシュ値とともに公開しています。公開した版が変わることはありません。",
    ),
    "policies.version": ("Version", "版"),
    "policies.kind": ("Kind", "種類"),
    "document.base": ("privacy policy", "プライバシーポリシー"),
    "document.law": ("law", "法令"),
    "document.internal": ("internal rules", "社内規程"),
    "document.individual": ("terms of a product", "個別規約"),
    "policies.published": ("Published", "公開日"),
    "policies.in_force": ("in force", "現行"),
    "policies.text": ("The document", "文書"),
    "policies.plain": ("As plain text", "テキストで開く"),
    "notice.read": ("What you agree to, in full", "説明文(全文)"),
    "modules.about": (
        "This site loads no module of another company: its content security policy lets nothing in. "
        "These are "
        "registered with the service, and off until you say yes to each by itself.",
        "本サイトは他社のモジュールを読み込みません(コンテンツセキュリティポリシーで禁止しています)。"
        "以下はサービスに登録されたもので、それぞれ同意いただくまで無効です。",
    ),
    "modules.none": ("None is registered.", "登録されているモジュールはありません。"),
}
