"""The office over HTTP: the API that all verbs of people speak to. Reviewers' pages will stand beside it."""
