"""In the place of the platform's controller."""

import standin

standin.main("controller")
