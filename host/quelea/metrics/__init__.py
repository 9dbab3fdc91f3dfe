"""Figures of a fleet for Prometheus: `names` lists them, `collect` reads them off the model.

`grafana.json` is a dashboard and `alerts.yml` rules over these names; a test holds them together.
"""
