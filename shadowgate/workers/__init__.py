"""Several processes that serve one configuration on the same sockets, under one supervisor.

The supervisor binds, reads and watches; workers accept and serve.  They speak over one socket pair each
(``channel``).  Nothing in the data path knows of any of this.
"""
