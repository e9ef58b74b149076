"""Other people's logs: fetched, verified, kept as replicas, witnessed."""
