"""The rules of `gfplug check`: they find what Grafana, its installer or its signature check would refuse.

Every rule is a function that yields findings; none of them changes anything.
"""
