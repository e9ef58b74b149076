"""The shape is the schema: from a node shape to fields, items, RDF, JSON-LD and CSV."""
