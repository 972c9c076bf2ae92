"""Tandem: the same pipelines on a laptop and in the cloud, with proof that they agree."""
