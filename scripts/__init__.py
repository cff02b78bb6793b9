"""What `make` runs. Standard library only: a bare Python 3.11 is all there is when the first step starts."""
