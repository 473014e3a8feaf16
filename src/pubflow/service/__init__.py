"""The processes that keep the line moving: reconciler, release loop, and the supervisor that starts them all."""
