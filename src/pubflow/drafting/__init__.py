"""起草 drafting: a report comes into being, by hand, from figures, or by import."""
