"""The door for visitors: its own process. Knows no user, no repository and no database."""
