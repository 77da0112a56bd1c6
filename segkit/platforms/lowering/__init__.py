"""Lowering that platforms share: what to open at each end, how to name the far end, who carries which group.

Nothing here speaks of one platform; a `Ground` tells it what a target's platform can do where the target is.
"""
