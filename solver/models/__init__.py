"""The networks: of pictures (the course's CNN, torchvision's) and of texts (BERT)."""
