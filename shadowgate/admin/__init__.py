"""The admin API: a thin shell that shows the gateway's state over HTTP.  It is never in a request's way."""
