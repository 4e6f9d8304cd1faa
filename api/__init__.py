"""Serves people, git clients and the tenants' visitors. Never writes to the cluster; never imports `controller`."""
