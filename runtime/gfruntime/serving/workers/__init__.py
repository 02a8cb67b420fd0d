"""Run the author's code in worker processes behind the plugin process, to use all cores and to survive crashes.

The front process does the handshake and gRPC; it never imports the author's code. `plan` has the number of workers,
`crew` distributes calls, `caller` calls one worker, `starter` starts and ends workers, `child` is a worker's process,
and `output` its output. `template` and `worker` run in the child processes; `channel` and `shared` connect both sides.
`gfplug dev` starts the code of each save in the same way.
"""
