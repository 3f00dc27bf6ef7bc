"""SIP callers and operators made of SIPp, for the demonstration, the bench and the load tests."""
