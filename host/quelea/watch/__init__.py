"""Watching a fleet: the live model of it, and the page that shows it.

`facts` is what a run says of itself, `state` the model that journal rows are put into, `course`
its history, `attention` what a person should look at. They are pure: the page, the terminal and
the metrics use the same ones. `follow` puts a journal's rows into a model, `bus` a broker's.
"""

from quelea.watch.attention import Notice, notices
from quelea.watch.facts import Facts
from quelea.watch.state import Model, Node

__all__ = ["Facts", "Model", "Node", "Notice", "notices"]
