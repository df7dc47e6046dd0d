"""How outcomes become the text of the metrics."""
