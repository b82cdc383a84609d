def test_all(site, wearer):
    for path in (
        "overview",
        "signals",
        "consents",
        "recipients",
        "profile",
        "ratings",
        "garments",
        "takeaway",
        "account",
        "leave",
        "policies",
        "modules",
        "inquiry",
        "inquiry/case",
        "policies/2026-1",
    ):
        for lang in ("en", "ja"):
            wearer.language = lang
            r = wearer.get("/" + path)
            assert r.status_code == 200, (path, r.status_code, r.text[:500])
            print(path, lang, len(r.text))
