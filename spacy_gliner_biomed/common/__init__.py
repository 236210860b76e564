"""Helpers that all folders share: files, JSON, messages, settings, optional packages."""
