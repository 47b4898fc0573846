"""Why a verdict is what it is, in words. Pure."""
