"""Captures of sessions and export bundles: their bytes, their readers, their verifier.

docs/formats.md has the bytes. Both are the same container of checked records (`container`);
`capture` writes a session and `reading` reads either; `check` verifies, `export` discloses.
"""
