"""The learned ranker: what trees over features of candidates add to the fused scores."""
