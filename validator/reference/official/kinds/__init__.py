"""One module for each kind of official file: how it is told, and what its rows mean."""
