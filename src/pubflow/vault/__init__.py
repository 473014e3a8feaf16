"""Encrypted content: AES-256-GCM, one key a report, each wrapped by the office's master key."""

from pubflow.vault.holding import hold
from pubflow.vault.sealing import MasterKey, SealBroken, Vault

__all__ = ["MasterKey", "SealBroken", "Vault", "hold"]
