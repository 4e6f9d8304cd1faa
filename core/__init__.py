"""What controller and api both stand on: names, check, render, plan, and the doors to git, database and cluster.

Nothing here serves a request or runs a loop; nothing here imports `api`, `controller`, `cli` or `runtime`.
"""
