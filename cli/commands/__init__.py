"""The verbs of `paaks`, a file for each group; `cli/catalogue.py` lists them, and loads one when it is named."""
