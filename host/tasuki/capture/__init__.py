"""Captures of sessions and export bundles: their bytes, their readers, their verifier.

docs/captures.md has the bytes. Both are the same container of checked records (`container`);
`writer` writes a session, `reading` reads either, `timeline` seeks; `check` verifies, `export` discloses.
"""
