"""What the answers of the HTTP API look like, for the OpenAPI document alone: at run time nothing is held against it.

Each TypedDict and TypeAliasType is a component of the document; the integration tests hold every answer against them.
What does not live here: what requests may say (beside each route, where it is checked), making the answers.
"""
