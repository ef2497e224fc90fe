"""The demonstration behind ``make demo``: two small servers, a gateway and a mirror, shown side by side.

Nothing else in the package imports it.
"""
