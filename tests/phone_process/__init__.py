"""The process of one SIP phone (pjsua2) that `tests.phones.Phone` starts. It imports nothing heavy."""
