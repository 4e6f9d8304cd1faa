"""One file per noun of the HTTP API. A route translates between HTTP and the modules below; it decides nothing."""
