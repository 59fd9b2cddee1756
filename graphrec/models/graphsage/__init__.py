"""GraphSAGE: embeddings aggregated from neighbours."""
