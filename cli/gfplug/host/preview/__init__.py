"""`gfplug preview`: a local server that offers Grafana's HTTP API to one page, and calls the plugin with gfplug's host.

`web_server` is HTTP; `request_guard` checks requests; `grafana_api`, `data_proxy` and `preview_api` answer them;
`data_source` stores the config page's values; `plugin_keeper` runs the plugin. The page's files are elsewhere:
`page_files` finds them.
"""
