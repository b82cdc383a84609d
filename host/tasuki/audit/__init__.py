"""The audit log: what was said, registered and decided, in a Merkle tree that shows every later change.

`tree` is arithmetic, `log` one SQLite file, `checkpoint` what the audit key signs, `proofs` what is handed
out, `verifier` what a stranger checks it with (alone, without the rest of this package), `check` the
host's own examination of the whole file. `entries` says what stands in the log, `spool` and `collecting`
how it gets there.
"""
