"""The benches: what one driver does beside plain HTTP on the same machine, in the same run.

`python -m bench` is the only entry. Nothing of the product imports this package, and nothing here changes how
the product works: it starts the product's own commands and reads clocks at the simulated Suna.
"""
