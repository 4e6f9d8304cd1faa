"""Makes the cluster match the repositories. Knows no user and serves no request; never imports `api`."""
