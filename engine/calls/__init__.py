"""The call core: one task a call, its legs, ringing, talk, and recovery after a restart."""
