"""Masks to objects, objects to events."""
