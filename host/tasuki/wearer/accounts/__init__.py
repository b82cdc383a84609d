"""Who may sign in: accounts, passwords, sessions, and how often somebody may try."""
