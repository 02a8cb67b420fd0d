"""`gfplug preview`: a server on this machine that plays Grafana's HTTP API for one page, in front of gfplug's own host.

`web_server` and `request_guard` are HTTP and who may ask; `grafana_api`, `data_proxy` and `preview_api` are the
answers; `data_source` is what the config page saves; `plugin_keeper` runs the plugin. The page itself is not here:
`page_files` says where it is.
"""
