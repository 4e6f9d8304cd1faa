"""In the place of the platform's api."""

import standin

standin.main("api")
