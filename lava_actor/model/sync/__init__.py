"""Sync protocols and sync domains."""
