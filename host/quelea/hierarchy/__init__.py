"""Fleets of clusters: how they are cut, how they agree, how few messages it takes."""
