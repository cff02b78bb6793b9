"""What the processes that tables pass through are told about memory."""

KEEPS_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(16 << 20), "MALLOC_TRIM_THRESHOLD_": str(32 << 20)}
"""Environment for glibc: what one table took is kept for the next.

Having a few megabytes from the system again and again costs milliseconds on a virtual machine (measured).
"""
