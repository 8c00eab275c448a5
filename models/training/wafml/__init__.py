"""Training of the payload models: data, normalisation, features, models, evaluation, export."""
