"""The worker's part for short texts to people: sent by SMS or e-mail, tried again for a day."""
