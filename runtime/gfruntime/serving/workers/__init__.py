"""The author's code in processes of their own, behind the one that Grafana started: for all cores, and for crashes.

The front process shakes hands and speaks gRPC; it never imports the author's code. `crew` is what it does, `caller` how
it asks one worker, `child` and `template` how a worker comes to be, `worker` what runs in it, `channel` what lies
between. `gfplug dev` starts the code of each save in the same way.
"""
