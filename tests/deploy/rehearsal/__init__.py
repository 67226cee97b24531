"""Rehearses the deployment on this machine."""
