"""What LocalStack lacks to run these functions for real: processes instead of containers, a journal, resharding."""
