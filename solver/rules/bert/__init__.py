"""Rules on BERT: attention, masked words, hidden states, embeddings."""
