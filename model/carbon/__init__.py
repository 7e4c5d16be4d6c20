"""Carbon quotas, transfers, sinks and storage."""
