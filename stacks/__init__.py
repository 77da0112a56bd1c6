"""Stacks that deploy as they are: to AWS, or to a local server that speaks its API."""
