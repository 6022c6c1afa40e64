"""Doubt: the estimated chance that a verdict is wrong, or that another careful person would judge
otherwise.

- what it is estimated from: `solver.decide.doubt.signs`
- how much each of these counts, and how that was fitted: `solver.decide.doubt.fitted`
- the estimate, of an option and of a question: `solver.decide.doubt.estimate`
"""
