"""Prove that a deployment can be rolled back: before the deploy, in a drill, and afterwards."""
