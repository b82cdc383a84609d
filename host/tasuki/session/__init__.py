"""One hub, from hello to outbox: joins the stages of tasuki.pipeline.

    greet -> permission.begin -> step, step, step (acquire ... outbox) -> stop -> decide

`hub_session` is the way of the data, `permission` keeps what the hub samples in
step with consent, `storing` ends at the outbox; `running` keeps a session going;
`monitor`, `recorder` and `summary` watch it.
"""
