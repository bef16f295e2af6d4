"""Stages, canaries and deployments: the control plane of REST APIs."""
