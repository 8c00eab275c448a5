"""Models of what clients do over time: features, data and training."""
