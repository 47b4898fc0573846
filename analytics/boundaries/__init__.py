"""Which ISO codes a circle on the globe lies in, by the boundaries of countries and their parts."""
