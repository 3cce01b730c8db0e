"""One institution's client."""
