"""Throughput and latency of the service."""
