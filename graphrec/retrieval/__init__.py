"""Where candidates come from: neighbourhoods, nearest embeddings, popularity, new items."""
