"""`gfplug preview`: a local server that offers Grafana's HTTP API to one page, and calls the plugin by gfplug's host.

`web_server` is HTTP; `request_guard` checks who may ask; `grafana_api`, `data_proxy` and `preview_api` answer;
`data_source` keeps what the config page saves; `plugin_keeper` runs the plugin. The page itself is elsewhere:
`page_files` locates it.
"""
