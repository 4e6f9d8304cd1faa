"""The node: an embedded stand-in for a cluster. Speaks the part of the Kubernetes API that PaaKS uses, and runs pods
as local processes.

    kinds, validation, selectors, tables   pure: what the kinds are, mean and look like
    objects, watch                         the objects, their versions, and who hears of changes
    rollout, deployments                   what pods a Deployment wants
    zygote, processes, volumes, logs       processes, their files and their lines
    pods                                   one pod's life
    api                                    HTTP

Imports nothing of the rest of PaaKS, keeps nothing across a restart: who applies objects applies them again.
"""
