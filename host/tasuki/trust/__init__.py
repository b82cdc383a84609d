"""Whether what arrived is what a known hub signed, and once: rules of records, epochs and blocks.

`chain` checks records, `pending` what an epoch still lacks, `verdict` names the outcome, `proof`
checks a single block, `ledger` remembers what was accepted, `register` whose keys are trusted.
"""
