"""WHETHER it counts here: from what a node knows to a verdict with every check and its reason. Pure: no
clock, disk or network.
"""
