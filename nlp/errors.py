"""What goes wrong with a model, told to the person who configured it."""

from __future__ import annotations

__all__ = ["ModelError"]


class ModelError(Exception):
    """A model cannot be used; the message says which one, why, and what to do."""
