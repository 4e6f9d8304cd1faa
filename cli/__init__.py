"""`paaks`: what a person types. A client of the HTTP API; only `up` starts processes, only `--local` imports core."""
