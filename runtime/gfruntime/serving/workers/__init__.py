"""The author's code in processes of their own, behind the one that Grafana started: for all cores, and for crashes.

The front process shakes hands and speaks gRPC; it never imports the author's code. `plan` says how many workers it has,
`crew` hands calls to them, `caller` asks one of them, `starter` starts and ends them, `child` is one as a process, and
`output` what it writes. `template` and `worker` run there; `channel` and `shared` lie between. `gfplug dev` starts the
code of each save in the same way.
"""
