"""What runs tenant code: the handlers' host and the embedded node. Imports nothing of ours, and nobody imports it."""
