"""Consent: the policy as data, what wearers agreed to, and the decision per block.

Rules without I/O (only `files`, `parties_file`, `ticket_file`, `library` and the three books touch files).
Deny by default: what is unknown is denied, with a reason code, the failing rule and what would change the
answer.

| what | modules, in the order in which to read them |
| --- | --- |
| the policy: documents, read and laid over each other | documents, strict, reading, library, layers, policy |
| ... what it says beside the table | actions, rights, processing, coverage, diff |
| consent: what was said, and the state at any moment | events, scopes, statements, merging, guardians |
| ... kept, given and taken as files, shown | book, book_tables, files, notice, wording, times |
| ... as records and signed receipts | records, record_reading, receipts, json_text |
| registers: destinations, hubs, processors, exceptions | registers, parties, tickets |
| ... from files, kept up to date | parties_file, suspensions, ticket_file, ticket_book, party_book |
| the decision: of a block, kept, of arrays | context, stretch, uses, decision, lane, cache, vector, reasons |
"""
