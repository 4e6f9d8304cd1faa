"""In the place of the platform's dispatcher."""

import standin

standin.main("dispatcher")
