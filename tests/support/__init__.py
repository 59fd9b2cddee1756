"""What several tests share: factories of data, servers, a browser."""
