"""The manufacturing line: each hub gets its own key exactly once, whatever gets unplugged (docs/factory.md).

`keys`, `hsm` and `issuing` make the chain of certificates; `order` says what is to be built; `journal` is
what a unit went through, durably, `unit` and `steps` take it there, `station` works many at once; `labels`
go on the box; `record` and `examine` are the signed audit; `report` counts; `after` is revocation,
rotation and what else follows.
"""
