"""People's decisions: department reviews, the signature, and returns from every stage."""
