"""The supervisor: a small process that holds what must outlive gateways and, where it is wished, the control plane.

    control plane ── a connection (its tie) ──▶ supervisor ── listening socket, inherited ──▶ gateway.0 … gateway.N-1
        │ orders: stop, outlive                     │ holds: the listening socket, the folder of sockets,
        │ ◀── reports: pids                         │ the descriptors that each gateway left (custody.py)
        └── PUT /routes, GET /state over admin.0 … admin.N-1, straight to the gateways

It knows no routes, no SQL and no model: what it needs starts in a tenth of a second. Who dies, and what happens then:

| killed (-9)                  | happens                                                                          |
|------------------------------|----------------------------------------------------------------------------------|
| a gateway                    | started again at once on the same socket: new callers wait or are served by the  |
|                              | others, only its own requests are reset. What it had left is handed on, so that  |
|                              | its hosts live                                                                   |
| control plane of `serve`     | supervisor, gateways and hosts serve on; a new `serve` takes them over           |
| JupyterLab that owned it     | everything ends: a closed or killed Lab leaves nothing behind (`outlives` is off),|
|                              | unless a `serve` had started it: what that started only `serve` or `stop` ends   |
| supervisor                   | its gateways and their hosts end with it. A living control plane holds the socket|
|                              | as well and starts another supervisor on it: callers wait, none is refused       |
| supervisor and control plane | nothing is left; the next `serve` starts clean, on the same port                 |
| everything, SIGTERM or KILL  | the same: locks are the system's, files are replaced as a whole                  |

Stopped in order (SIGTERM or Ctrl-C to the control plane, `jupyter kronkers stop`, SIGTERM to the supervisor): requests
under way are answered, then every process ends and every file of a running product is removed.

There are never two: the process holds `gateway/supervisor.lock`, and `gateway/supervisor.json` says who it is by pid,
moment of start and a nonce that it shows to whoever connects.
"""
