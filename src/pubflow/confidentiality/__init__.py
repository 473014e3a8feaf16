"""The confidentiality check 保密审查: what must not be published, found before anyone can publish it.

`secret_marks` guards every door in memory before the first write; `scan` reads a whole version for the officer.
"""
