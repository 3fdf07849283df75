"""`glassnet bench`: the same work done by glassnet, its peers and hand-written C++, and timed.

`rungs` says what is done, `peers` how each system does it, `measure` takes the times, `report`
prints them. Each system works in a process of its own (`worker`).
"""
