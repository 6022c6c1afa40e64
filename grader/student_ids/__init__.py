"""Identity of students: systems of ids, ids that name two people, pseudonyms."""
