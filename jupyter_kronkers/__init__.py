"""From a model in a Python, R or Julia notebook to a versioned, proven, fast endpoint, without leaving Jupyter."""
