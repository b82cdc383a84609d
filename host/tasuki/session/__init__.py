"""One hub, from hello to outbox: joins the stages of tasuki.pipeline.

    greet -> token -> step, step, step (acquire ... outbox) -> stop

`hub_session` is the way of the data; `running` keeps it going; `monitor`,
`recorder` and `summary` watch it.
"""
