"""A model trained further on what a site saw and people said of it, in bounds that hold against those who write the traffic."""
