"""Money: metering, charges."""
