"""Other systems that we tell of what happens here."""
