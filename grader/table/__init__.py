"""One table of answers: a row a row of the exports, a small number a question.

``cells``    the distinct cells of each question, numbered
``answers``  the table, and how rows read one by one become part of it
``sums``     points of each distinct cell, and sums over rows, exact
``choice``   which attempts count
``used``     the students graded, with their points
``record``   the table as a Parquet file, and back
"""
