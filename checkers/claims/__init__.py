"""The figures in the documents, compared with what the commands that made them print now.

`documents` reads a document into blocks and their notes, `figures` finds the numbers that were measured,
`notes` turns notes into commands and what each must say, `running` runs what fits into a budget. A figure's
home is its document: nothing here knows any of them.
"""
