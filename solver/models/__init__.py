"""The networks: the food CNN and BERT."""
