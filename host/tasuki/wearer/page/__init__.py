"""The wearer's page: a small ASGI application, templates rendered on the server, Japanese and English."""
