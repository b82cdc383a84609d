"""Consent: the policy as data, what wearers agreed to, and the decision per block.

Rules without I/O (only `files` and `book` touch files). Deny by default: what is unknown is denied, with a
reason code, the failing rule and what would change the answer.
"""
