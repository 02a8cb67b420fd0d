"""The rules of `gfplug check`: what Grafana, its installer and its signature check would refuse.

Every rule is a function that yields findings; none of them changes anything.
"""
