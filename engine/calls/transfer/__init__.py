"""Calls that are passed on: blind, attended, by code, by the phone's REFER, by an operation."""
