"""Tables of positions, read and written as streams: CSV, lines of JSON, GeoJSON, Arrow.

Each format has a module with its reader and its writer. A reader yields batches of
rows, whatever is wrong with single rows kept beside them; a writer gives the bytes of
each batch with its answers. No format is ever in memory whole.
"""
