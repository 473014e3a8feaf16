"""What is in a file, down to the places nobody looks at 文件内容提取; and a copy without them 清洗件.

`extract` reads a file into units of text that lead back to a place; `cleaned` makes the copy that may go public.
Knows nothing of rules, reports or people. Nothing is unpacked to disk, nothing is fetched, nothing is evaluated.
"""
