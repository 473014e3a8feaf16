"""Statistical disclosure control 统计披露控制: no figure of a table may lead to one respondent.

Pure: tables come in, patterns of hidden cells and audits go out; no database and no person is known here.
"""
