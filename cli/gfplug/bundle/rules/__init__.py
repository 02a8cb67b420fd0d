"""The rules of `gfplug check`: what Grafana, its installer and its signing would refuse, each rule where its facts are.

Every rule is a function that yields findings; none of them changes anything.
"""
