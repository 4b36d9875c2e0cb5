"""Keeps one Kubernetes cluster in line with the inference endpoints recorded in a DynamoDB table."""
