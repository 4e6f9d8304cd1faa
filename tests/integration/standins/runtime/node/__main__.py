"""In the place of the platform's node."""

import standin

standin.main("node")
