"""How fast decamp is, as ratios to other programs that run in turn with it: ``make bench``."""
