"""Who a student is: systems of ids, and ids that name two people."""
