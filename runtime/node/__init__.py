"""The node: an embedded stand-in for a cluster. Speaks the part of the Kubernetes API that PaaKS uses, and runs pods
as local processes.

    kinds, validation, selectors, tables, quotas    pure: what the kinds are, mean and look like
    objects, watch, events                          the objects, their versions, and who hears of changes
    rollout, deployments, namespaces, work          what pods a Deployment wants, what a namespace takes along
    pods, pod_status, environment, backoff          one pod's life
    zygote, processes, volumes, logs                processes, their files and their lines
    api, streams, paths, discovery, statuses        HTTP: what is asked, what is answered
    server                                          the two doors

Imports nothing of the rest of PaaKS, keeps nothing across a restart: who applies objects applies them again.
"""
